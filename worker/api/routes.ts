/** The JSON API, below `/api/v1`. The OpenAPI document describes the same routes (schema/openapi.ts). */
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import {
  type Arch,
  compareVersions,
  DEFAULT_PAGE,
  InvalidInput,
  isArch,
  isMinorSeries,
  MAX_PAGE,
  openApiDocument,
  parseReleaseManifest,
  RELEASE_MANIFEST_FILE,
  releaseName,
} from "../../schema/index.ts";
import type { AppEnv } from "../context.ts";
import { readDocument } from "../documents.ts";
import { BadRequest } from "../errors.ts";
import { Library } from "../library.ts";
import { createPublishApi } from "../routes/publish.ts";
import { errorAnswer, errorOf, jsonAnswer, notFound } from "./answers.ts";
import { serveConfiguration } from "./configuration.ts";
import { extensionOf, versionOf } from "./parameters.ts";

const SEE_LIST = "GET /api/v1/extensions lists what there is";
const SEE_DOCUMENT = "GET /api/v1/openapi.json describes the API";

export function createApi(): Hono<AppEnv> {
  const api = new Hono<AppEnv>();
  // Anybody's page may ask: there is nothing here that is not public, and no cookie that would come along.
  api.use(cors({ origin: "*", allowMethods: ["GET", "HEAD"], exposeHeaders: ["etag"], maxAge: 86_400 }));

  api.get("/openapi.json", (c) => jsonAnswer(c, openApiDocument(originOf(c))));
  api.get("/catalog/contents", async (c) => {
    const extensions = (await libraryOf(c).extensions()) ?? [];
    return jsonAnswer(
      c,
      extensions.map(({ name }) => ({ name, type: "dir" })),
    );
  });
  api.get("/extensions", async (c) => {
    const all = (await libraryOf(c).extensions()) ?? [];
    const { page, next } = pageOf(c, all, (extension, cursor) => extension.name > cursor);
    return jsonAnswer(c, { extensions: page, ...(next !== undefined && { next: next.name }) });
  });
  api.get("/extensions/:extension", async (c) => {
    const name = extensionOf(c);
    const extension = await libraryOf(c).extension(name);
    return extension === undefined ? notFound(`extension ${name}`, SEE_LIST) : jsonAnswer(c, extension);
  });
  api.get("/extensions/:extension/releases", async (c) => {
    const name = extensionOf(c);
    const all = await libraryOf(c).releases(name);
    if (all === undefined) return notFound(`extension ${name}`, SEE_LIST);
    const { page, next } = pageOf(c, all, ({ version }, cursor) => compareVersions(version, cursor) < 0);
    return jsonAnswer(c, { releases: page, ...(next !== undefined && { next: next.version }) });
  });
  api.get("/extensions/:extension/latest", async (c) => {
    const name = extensionOf(c);
    const { arch, series } = { arch: archOf(c), series: seriesOf(c) };
    const latest = await libraryOf(c).latest(name, arch, series);
    const what = `image of ${name}${series === undefined ? "" : ` ${series}`} for ${arch}`;
    return latest === undefined
      ? notFound(what, `GET /api/v1/extensions/${name} tells what there is`)
      : jsonAnswer(c, latest);
  });
  api.get("/extensions/:extension/config", serveConfiguration);
  api.get("/extensions/:extension/releases/:version", serveManifest);

  api.route("/", createPublishApi());

  // Of a mounted app, Hono asks no notFound.
  api.all("*", (c) => {
    if (c.req.method !== "GET" && c.req.method !== "HEAD") {
      const error = { code: "method_not_allowed", message: "only GET and HEAD are allowed here", hint: SEE_DOCUMENT };
      return errorAnswer(405, error, { allow: "GET, HEAD" });
    }
    return notFound(`${c.req.path} in this API`, SEE_DOCUMENT);
  });
  api.onError((error, c) => {
    if (!(error instanceof InvalidInput)) c.env.record.error = error;
    return errorOf(error);
  });
  return api;
}

async function serveManifest(c: Context<AppEnv>): Promise<Response> {
  const extension = extensionOf(c);
  const version = versionOf(c);
  const at = { release: releaseName({ extension, version }), file: RELEASE_MANIFEST_FILE };
  const store = c.env.services.stores["release-manifest"];
  const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const found = await readDocument(store, at, parseReleaseManifest, { waitUntil });
  if (found !== undefined) return jsonAnswer(c, found.value);
  return notFound(`release manifest of ${at.release}`, `GET /api/v1/extensions/${extension}/releases lists releases`);
}

function libraryOf(c: Context<AppEnv>): Library {
  c.env.record.page = "api";
  return new Library(c.env.services, originOf(c), (work) => c.executionCtx.waitUntil(work));
}

function originOf(c: Context<AppEnv>): string {
  return new URL(c.req.url).origin;
}

function archOf(c: Context<AppEnv>): Arch {
  const arch = c.req.query("arch") ?? "x86-64";
  if (!isArch(arch)) throw new BadRequest(`arch: ${JSON.stringify(arch)} is no architecture (allowed: x86-64, arm64)`);
  return arch;
}

function seriesOf(c: Context<AppEnv>): string | undefined {
  const series = c.req.query("series");
  if (series !== undefined && !isMinorSeries(series)) {
    throw new BadRequest(`series: ${JSON.stringify(series)} is no minor series (such as v1.32)`);
  }
  return series;
}

/** The cursor is the last entry that the client has, which may be gone since: what comes after it goes on. */
function pageOf<T>(c: Context<AppEnv>, all: readonly T[], isAfter: (entry: T, cursor: string) => boolean) {
  const limit = c.req.query("limit") ?? String(DEFAULT_PAGE);
  const size = Number(limit);
  if (!/^[0-9]{1,4}$/.test(limit) || size < 1 || size > MAX_PAGE) {
    throw new BadRequest(`limit: ${JSON.stringify(limit)} is no number from 1 to ${MAX_PAGE}`);
  }
  const cursor = c.req.query("cursor");
  const rest = cursor === undefined ? all : all.filter((entry) => isAfter(entry, cursor));
  const page = rest.slice(0, size);
  return { page, next: rest.length > size ? page.at(-1) : undefined };
}
