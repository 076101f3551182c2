/** The publish API: what maintainers and their pipelines change a bakery with. Design and order: worker/publishing/. */
import { type Context, Hono } from "hono";
import {
  type Draft,
  filesOf,
  MAX_BUILD_LOG_BYTES,
  MAX_JSON_BYTES,
  MAX_PUBLISHED_FILE_BYTES,
  parseCommitRequest,
  parseExtensionProfile,
  parseIndexRequest,
  parsePruneRequest,
  parseReleaseContents,
  parseReleaseManifest,
  parseYankRequest,
  type Release,
  type ReleaseManifest,
  releaseName,
} from "../../schema/index.ts";
import { extensionOf, versionOf } from "../api/parameters.ts";
import type { Principal } from "../auth/authenticator.ts";
import type { Right } from "../auth/publishers.ts";
import type { AppEnv, Clock } from "../context.ts";
import { toHex } from "../digest.ts";
import { baseOf } from "../env.ts";
import { ApiProblem, BadRequest } from "../errors.ts";
import { boundedBytes } from "../outgoing.ts";
import type { Scope } from "../publishing/indexes.ts";
import type { Publishing } from "../publishing/publishing.ts";
import { respond } from "../responses.ts";

const RELEASE = "/extensions/:extension/releases/:version";
const SCOPES = { index: "extension", "global-index": "global" } as const satisfies Record<string, Scope>;

interface Allowed extends Publishing {
  readonly principal: Principal;
}

export function createPublishApi(): Hono<AppEnv> {
  const api = new Hono<AppEnv>();

  api.post(RELEASE, async (c) => {
    const { committer, maxReleaseBytes, now } = await allow(c, "publish");
    const manifest = await readManifest(c, maxReleaseBytes);
    return answer<Draft>(await committer.open(manifest), 200, dateOf(now));
  });
  api.get("/extensions/:extension/drafts", async (c) => {
    const { drafts } = await allow(c, "publish");
    return answer({ drafts: await drafts.of(extensionOf(c)) });
  });
  api.put(`${RELEASE}/files/:file`, async (c) => {
    const { uploads } = await allow(c, "publish");
    const length = c.req.header("content-length");
    await uploads.put(releaseOf(c), {
      draft: requireTag(c),
      file: c.req.param("file"),
      part: partOf(c.req.query("part")),
      length: length === undefined || !/^[0-9]{1,15}$/.test(length) ? undefined : Number(length),
      sha256: digestOf(c.req.header("content-digest")),
      body: c.req.raw.body,
    });
    return respond(null, 204, { "cache-control": "no-store" });
  });
  api.post(`${RELEASE}/commit`, async (c) => {
    const { committer, principal } = await allow(c, "publish");
    const { signature } = parseCommitRequest(await readJson(c));
    const { publisher } = principal;
    const committed = await committer.commit(releaseOf(c), { draft: requireTag(c), publisher, signature });
    return answer(committed, committed.state === "published" ? 200 : 202);
  });
  api.put(`${RELEASE}/log`, async (c) => {
    const { descriptions } = await allow(c, "publish");
    return answer(await descriptions.putLog(releaseOf(c), await readText(c, MAX_BUILD_LOG_BYTES)));
  });
  api.put(`${RELEASE}/contents`, async (c) => {
    const { descriptions } = await allow(c, "publish");
    const contents = parseReleaseContents(await readJson(c));
    demandOf("contents", releaseName(contents), releaseName(releaseOf(c)));
    return answer(await descriptions.putContents(contents));
  });
  api.put("/extensions/:extension/profile", async (c) => {
    const { descriptions } = await allow(c, "publish");
    const profile = parseExtensionProfile(await readJson(c));
    demandOf("profile", profile.extension, extensionOf(c));
    return answer(await descriptions.putProfile(profile));
  });

  for (const [name, scope] of Object.entries(SCOPES)) {
    api.get(`/extensions/:extension/${name}`, async (c) => {
      const { indexes, now } = await allow(c, "publish");
      return answer(await indexes.state(extensionOf(c), scope), 200, dateOf(now));
    });
    api.put(`/extensions/:extension/${name}`, async (c) => {
      const { indexes } = await allow(c, "publish");
      const etag = c.req.header("if-none-match") === "*" ? null : requireTag(c);
      const request = parseIndexRequest(await readJson(c));
      const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
      const base = baseOf(c.env.services.config, c.req.url);
      return answer(await indexes.put(extensionOf(c), scope, request, { etag, base, waitUntil }));
    });
  }

  api.post(`${RELEASE}/yank`, async (c) => {
    const { withdrawals } = await allow(c, "maintain");
    const { reason } = parseYankRequest(await readJson(c));
    const { extension, version } = releaseOf(c);
    return answer({ withdrawn: await withdrawals.yank(extension, version, reason) });
  });
  api.delete(`${RELEASE}/yank`, async (c) => {
    const { withdrawals } = await allow(c, "maintain");
    const { extension, version } = releaseOf(c);
    return answer({ restored: await withdrawals.restore(extension, version) });
  });
  api.post("/extensions/:extension/prune", async (c) => {
    const { withdrawals } = await allow(c, "maintain");
    const { keep } = parsePruneRequest(await readJson(c));
    return answer({ withdrawn: await withdrawals.prune(extensionOf(c), keep) });
  });
  api.post("/extensions/:extension/sweep", async (c) => {
    const { withdrawals } = await allow(c, "maintain");
    return answer(await withdrawals.sweep(extensionOf(c)));
  });
  return api;
}

/** @throws Unauthorized, Forbidden; ApiProblem 404 where nobody may publish */
async function allow(c: Context<AppEnv>, right: Right): Promise<Allowed> {
  const publishing = c.env.services.publishing();
  if (publishing === undefined) {
    const hint = "set a bucket, and PUBLISHERS or PUBLISH_TOKEN_SHA256: see docs/host-a-bakery.md, who may publish";
    throw new ApiProblem(404, "not_found", "this bakery does not let anybody publish", { hint });
  }
  c.env.record.page = "api";
  const principal = await publishing.authenticator.authenticate(c.req.raw.headers);
  c.env.record.publisher = nameOf(principal);
  principal.demand(right, extensionOf(c));
  return { ...publishing, principal };
}

/** For the log: who it was, as far as that is public. */
function nameOf({ publisher }: Principal): string {
  return publisher.kind === "token" ? `token ${publisher.token}` : publisher.run;
}

function releaseOf(c: Context<AppEnv>): Release {
  return { extension: extensionOf(c), version: versionOf(c) };
}

async function readManifest(c: Context<AppEnv>, maxBytes: number): Promise<ReleaseManifest> {
  const manifest = parseReleaseManifest(await readJson(c));
  const wanted = releaseName(releaseOf(c));
  demandOf("release manifest", releaseName(manifest), wanted);
  if (manifest.publisher !== undefined) {
    throw new BadRequest("publisher: the bakery writes it, from what it knows of who publishes");
  }
  const sizes = filesOf(manifest).map(({ size = 0 }) => size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total > maxBytes || Math.max(...sizes) > MAX_PUBLISHED_FILE_BYTES) {
    const message = `${wanted} is too large: ${total} bytes in all, of at most ${maxBytes}`;
    const hint = `one file may have ${MAX_PUBLISHED_FILE_BYTES} bytes; MAX_RELEASE_BYTES is the limit of all`;
    throw new ApiProblem(413, "too_large", message, { hint });
  }
  return manifest;
}

/** The rights of a publisher are those for the name in the address. */
function demandOf(what: string, given: string, wanted: string): void {
  if (given !== wanted) throw new BadRequest(`the ${what} is of ${given}, and not of ${wanted}`);
}

const readJson = (c: Context<AppEnv>) => readText(c, MAX_JSON_BYTES);

/** @throws ApiProblem 413; BadRequest for what is no UTF-8 */
async function readText(c: Context<AppEnv>, maxBytes: number): Promise<string> {
  const bytes = await boundedBytes(c.req.raw, maxBytes).catch(() => {
    throw new ApiProblem(413, "too_large", `a body here has at most ${maxBytes} bytes`);
  });
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BadRequest("the body is not UTF-8");
  }
}

/** RFC 9110 section 13.1.1: one strong entity tag. */
function requireTag(c: Context<AppEnv>): string {
  const header = c.req.header("if-match");
  const tag = /^"(?<tag>[\x21\x23-\x7e]{1,128})"$/.exec(header ?? "")?.groups?.tag;
  if (tag !== undefined) return tag;
  const hint = 'If-Match: "<draft>" of the draft, or "<etag>" of the state of the index';
  const problem = header === undefined ? "there is no If-Match" : "If-Match is not one entity tag";
  throw new ApiProblem(header === undefined ? 428 : 400, "precondition_required", problem, { hint });
}

function partOf(text: string | undefined): number {
  if (text === undefined) return 1;
  if (!/^[1-9][0-9]{0,4}$/.test(text)) throw new BadRequest(`part: ${JSON.stringify(text)} is no number of a part`);
  return Number(text);
}

/** RFC 9530 section 2: `sha-256=:<base64>:`, one of several perhaps. */
function digestOf(header: string | undefined): string | undefined {
  const base64 = /(?:^|,\s*)sha-256=:(?<base64>[A-Za-z0-9+/]{43}=):(?:\s*,|$)/.exec(header ?? "")?.groups?.base64;
  return base64 === undefined
    ? undefined
    : toHex(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer);
}

/** By it a publisher whose clock is wrong finds out before it signs anything. RFC 9110 section 6.6.1 */
function dateOf(now: Clock): Readonly<Record<string, string>> {
  return { date: new Date(now()).toUTCString() };
}

function answer<T extends object>(value: T, status = 200, more: Readonly<Record<string, string>> = {}): Response {
  const headers = { "content-type": "application/json", "cache-control": "no-store", ...more };
  return respond(JSON.stringify(value), status, headers);
}
