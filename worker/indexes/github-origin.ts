/**
 * The indexes of a GitHub repository: the asset `SHA256SUMS` of an extension's metadata release.
 *
 * https://docs.github.com/en/rest/releases
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
import { INDEX_FILE, type PublishedIndex, parsePublishedIndex, unsignedIndex } from "../../schema/index.ts";
import type { Clock } from "../context.ts";
import { sha256Hex } from "../digest.ts";
import { type GithubConfig, githubDownloadUrl } from "../env.ts";
import { MAX_RETRY_AFTER_SECONDS, UpstreamError } from "../errors.ts";
import { LruMap } from "../lru-map.ts";
import { boundedBytes, type Fetch, follow, type OutgoingRequest } from "../outgoing.ts";
import { within } from "../time-limit.ts";
import type { IndexOrigin, OriginAnswer, Validator } from "./origin.ts";
import { MAX_INDEX_BYTES } from "./r2-origin.ts";

const MAX_RELEASE_BYTES = 4 * 1024 ** 2;
/** KV's metadata has 1024 bytes for everything. */
const MAX_ETAG_LENGTH = 256;
/** An asset is replaced by deleting it first, so that its absence is believed only after a while. */
const MISSED_SECONDS = 600;
const MAX_MISSED = 2_000;
/** So far the clocks of two machines may be apart. */
const CLOCK_SKEW_SECONDS = 60;

export interface GithubOriginOptions {
  /** Milliseconds, for all requests that one answer takes */
  readonly patience: number;
  readonly now: Clock;
  readonly fetch: Fetch;
}

/**
 * Without a token, the file is downloaded as anybody does it, which does not count for the API's limit of 60 requests
 * an hour. With one, the API is asked: its limit is ours alone then, and private repositories are open to it. Either
 * way an unchanged index costs no more than its 304.
 */
export class GithubOrigin implements IndexOrigin {
  readonly #config: GithubConfig;
  readonly #patience: number;
  readonly #now: Clock;
  readonly #fetch: Fetch;
  /** Since when indexes are missed that had been there */
  readonly #missedSince = new LruMap<string, number>(MAX_MISSED);
  /** A rate limit is one for all indexes. */
  #pausedUntil = 0;

  constructor(config: GithubConfig, { patience, now, fetch }: GithubOriginOptions) {
    this.#config = config;
    this.#patience = patience;
    this.#now = now;
    this.#fetch = fetch;
  }

  async read(release: string, known?: Validator): Promise<OriginAnswer | undefined> {
    const ours = known?.origin === "github" ? known : undefined;
    const etag = ours !== undefined && isEntityTag(ours.etag) ? ours.etag : undefined;
    const pause = Math.ceil((this.#pausedUntil - this.#now()) / 1000);
    if (pause > 0) throw new UpstreamError("GitHub", "wants to be left alone", { retryAfterSeconds: pause });
    try {
      const answer = await within(this.#patience, this.#read(release, etag));
      if (answer !== undefined) this.#missedSince.delete(release);
      else if (ours !== undefined) this.#miss(release);
      return answer;
    } catch (cause) {
      if (cause instanceof UpstreamError) {
        this.#pause(cause);
        throw cause;
      }
      throw new UpstreamError("GitHub", `gives no index for ${release}`, { cause });
    }
  }

  #pause({ retryAfterSeconds = 0 }: UpstreamError): void {
    const seconds = Math.min(retryAfterSeconds, MAX_RETRY_AFTER_SECONDS);
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#now() + seconds * 1000);
  }

  /** @throws UpstreamError where there was an index a moment ago */
  #miss(release: string): void {
    const now = this.#now();
    const since = this.#missedSince.get(release) ?? now;
    this.#missedSince.set(release, since);
    if (now - since < MISSED_SECONDS * 1000) {
      throw new UpstreamError("GitHub", `has no index for ${release} any more`);
    }
  }

  async #read(release: string, etag: string | undefined): Promise<OriginAnswer | undefined> {
    const signal = AbortSignal.timeout(this.#patience);
    const { token } = this.#config;
    const conditions = etag === undefined ? {} : { "if-none-match": etag };
    const response =
      token === undefined
        ? await follow(
            this.#fetch,
            githubDownloadUrl(this.#config, { release, file: INDEX_FILE }),
            request(signal, conditions),
          )
        : await follow(
            this.#fetch,
            this.#releaseUrl(release),
            apiRequest(signal, token, "application/vnd.github+json", conditions),
          );
    // What nobody reads keeps its connection, and there are not many.
    if (response.status !== 200) await response.body?.cancel();
    if (etag !== undefined && response.status === 304) return { kind: "unchanged" };
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw refusal(response, this.#now());

    const bytes =
      token === undefined
        ? await boundedBytes(response, MAX_INDEX_BYTES)
        : await this.#readAsset(await boundedBytes(response, MAX_RELEASE_BYTES), token, signal);
    if (bytes === undefined) return undefined;
    const index = parseIndex(bytes, response.headers.get("last-modified"), this.#now());
    return { kind: "index", index, validator: { origin: "github", etag: await etagOf(response, bytes) } };
  }

  /** @param description the API's, of the release */
  async #readAsset(description: Uint8Array, token: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { assets } = JSON.parse(new TextDecoder().decode(description)) as { assets?: unknown };
    if (!Array.isArray(assets)) throw new Error("the release has no list of assets");
    const asset: { url?: unknown; digest?: unknown } | undefined = assets.find((it) => it?.name === INDEX_FILE);
    if (asset === undefined) return undefined;
    // The token is for this server; the address came from outside.
    if (!String(asset.url).startsWith(`${this.#config.apiUrl}/`)) throw new Error("the asset is on another server");

    const response = await follow(
      this.#fetch,
      String(asset.url),
      apiRequest(signal, token, "application/octet-stream"),
    );
    if (response.status !== 200) throw refusal(response, this.#now());
    const bytes = await boundedBytes(response, MAX_INDEX_BYTES);
    // Assets from before June 2025 have none.
    const { digest } = asset;
    if (typeof digest === "string" && digest !== `sha256:${await sha256Hex(bytes)}`) {
      throw new Error(`${INDEX_FILE} is not what its digest says`);
    }
    return bytes;
  }

  #releaseUrl(release: string): string {
    const { apiUrl, repository } = this.#config;
    return `${apiUrl}/repos/${repository}/releases/tags/${encodeURIComponent(release)}`;
  }
}

function request(signal: AbortSignal, headers: Record<string, string>): OutgoingRequest {
  // GitHub refuses requests without a name.
  return { signal, headers: { "user-agent": "sysext-bakery", ...headers } };
}

function apiRequest(
  signal: AbortSignal,
  token: string,
  accept: string,
  headers: Record<string, string> = {},
): OutgoingRequest {
  const secret = { authorization: `Bearer ${token}`, "x-github-api-version": "2022-11-28" };
  return { ...request(signal, { accept, ...headers }), secret };
}

/** 403 and 429 may say when to come again, in seconds from now or, of the hourly limit, in seconds since 1970. */
function refusal({ status, headers }: Response, now: number): UpstreamError {
  const reset =
    headers.get("x-ratelimit-remaining") === "0" ? Number(headers.get("x-ratelimit-reset")) - now / 1000 : 0;
  const seconds = Number(headers.get("retry-after") ?? reset);
  const retryAfterSeconds = Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : undefined;
  return new UpstreamError("GitHub", `answers ${status}`, { retryAfterSeconds });
}

/** @throws Error for what clients would refuse, an error page for one */
function parseIndex(bytes: Uint8Array, lastModified: string | null, now: number): PublishedIndex {
  // Of a published index it would mean that it is withdrawn; here it is a file that has not arrived.
  if (bytes.length === 0) throw new Error(`${INDEX_FILE} is empty`);
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  // In effect already for all who get the copy from KV, those behind us too.
  const latest = now - CLOCK_SKEW_SECONDS * 1000;
  const time = Date.parse(lastModified ?? "");
  return parsePublishedIndex(unsignedIndex(text, new Date(Number.isNaN(time) ? latest : Math.min(time, latest))));
}

async function etagOf({ headers }: Response, bytes: Uint8Array): Promise<string> {
  const etag = headers.get("etag") ?? "";
  // Without one, something that is like none, and still tells two indexes apart.
  return isEntityTag(etag) ? etag : await sha256Hex(bytes);
}

function isEntityTag(text: string): boolean {
  return text.length <= MAX_ETAG_LENGTH && /^(?:W\/)?"/.test(text);
}
