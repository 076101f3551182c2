/** A configuration for machines, as a file in one of four forms: of an extension, and of others beside it. */
import type { Context } from "hono";
import {
  CONFIGURATION_FILES,
  type ConfiguredBakery,
  EXTENSION_PROFILE_FILE,
  installableReleases,
  KEYRINGS,
  type KnownExtension,
  type LookUpExtension,
  makeConfiguration,
  parseChoice,
  parseExtensionProfile,
} from "../../schema/index.ts";
import type { AppEnv } from "../context.ts";
import { sha256Hex } from "../digest.ts";
import { readDocument } from "../documents.ts";
import { baseOf } from "../env.ts";
import { BadRequest } from "../errors.ts";
import { fileResponse } from "../responses.ts";
import type { Services } from "../services.ts";
import { memoryBody } from "../stores/memory-body.ts";
import type { FileRequest } from "../stores/store.ts";
import { notFound } from "./answers.ts";
import { extensionOf } from "./parameters.ts";

type WaitUntil = FileRequest["waitUntil"];

const DOWNLOAD = "download";

export async function serveConfiguration(c: Context<AppEnv>): Promise<Response> {
  c.env.record.page = "api";
  const { services } = c.env;
  const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const name = extensionOf(c);
  const query = [...new URL(c.req.url).searchParams];
  const choice = parseChoice(
    name,
    query.filter(([parameter]) => parameter !== DOWNLOAD),
  );
  const downloads = query.some(([parameter, value]) => parameter === DOWNLOAD && isDownload(value));

  const lookUp = lookUpIn(services, waitUntil);
  if ((await lookUp(name)) === undefined) {
    return notFound(`extension ${name}`, "GET /api/v1/extensions lists what there is");
  }
  const bakery = await configuredBakery(services, c.req.url, waitUntil);
  const { text } = await makeConfiguration(choice, bakery, lookUp);

  const { contentType, suffix } = CONFIGURATION_FILES[choice.format];
  const bytes = new TextEncoder().encode(text);
  const request = { method: c.req.method, headers: c.req.raw.headers, waitUntil };
  const body = memoryBody({ bytes, sha256: await sha256Hex(bytes) }, "memory", request);
  const policy = { contentType, cacheControl: "public, max-age=60", absentCacheControl: "no-store" };
  const response = fileResponse(body, policy);
  if (downloads) response.headers.set("content-disposition", `attachment; filename="${name}${suffix}"`);
  return response;
}

/** What this bakery has and knows of extensions; each is read once. */
export function lookUpIn(services: Services, waitUntil: WaitUntil): LookUpExtension {
  const known = new Map<string, Promise<KnownExtension | undefined>>();
  return (name) => {
    const found = known.get(name) ?? readExtension(services, name, waitUntil);
    known.set(name, found);
    return found;
  };
}

/** How machines reach this bakery, and whose signatures they demand. */
export async function configuredBakery(
  { config, stores }: Services,
  requestUrl: string,
  waitUntil: WaitUntil,
): Promise<ConfiguredBakery> {
  const url = baseOf(config, requestUrl);
  const [at] = KEYRINGS;
  const keyring = at && (await stores.keyring.open(at, { method: "GET", headers: new Headers(), waitUntil }));
  if (keyring?.kind !== "body") return { url, hasPages: true, signed: false };
  const bytes = new Uint8Array(await new Response(keyring.body).arrayBuffer());
  return { url, hasPages: true, signed: true, keyringSha256: await sha256Hex(bytes) };
}

/** Of what other tools have published, nothing is known but the index. */
async function readExtension(
  { indexes, stores }: Services,
  name: string,
  waitUntil: WaitUntil,
): Promise<KnownExtension | undefined> {
  const at = { release: name, file: EXTENSION_PROFILE_FILE };
  const [index, profile] = await Promise.all([
    indexes.current(name, { waitUntil }),
    readDocument(stores["extension-profile"], at, parseExtensionProfile, { waitUntil }),
  ]);
  if (index === undefined) return undefined;
  const releases = installableReleases(index.views.text, name);
  return { releases, ...(profile !== undefined && { advice: profile.value }) };
}

function isDownload(value: string): boolean {
  if (value !== "1" && value !== "") throw new BadRequest(`${DOWNLOAD}: ${JSON.stringify(value)} (allowed: 1)`);
  return value === "1";
}
