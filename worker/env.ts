/** What a deployment gives the worker: bindings and variables, parsed once into a configuration. */
import type { Locator } from "../schema/index.ts";

/** Every binding may be missing: without a bucket the worker redirects to GitHub, without a repository it does not. */
export interface Env {
  /** The R2 bucket that has what is published; without it nothing is hosted here */
  readonly BUCKET?: R2Bucket | undefined;
  /** The KV namespace that has the last good copy of each index; without it copies are in memory alone */
  readonly INDEX_KV?: KVNamespace | undefined;
  /** Gets one data point for each request for a file of a bakery */
  readonly ANALYTICS?: AnalyticsEngineDataset | undefined;
  /** `owner/name` of the repository whose releases have what the bucket has not */
  readonly GITHUB_REPOSITORY?: string;
  /** As GitHub Actions sets it; another one for GitHub Enterprise */
  readonly GITHUB_SERVER_URL?: string;
  readonly GITHUB_API_URL?: string;
  /** A secret. Indexes are read with it, through the API; without it as anybody reads them */
  readonly GITHUB_TOKEN?: string;
  /** The site that gets every request for something that is no bakery file */
  readonly DOCS_URL?: string;
  /** How old an index may be; default 60. A number in wrangler.toml arrives as a number, one of the dashboard as text. */
  readonly INDEX_TTL_SECONDS?: string | number;
  /** How long after a publication a cache may still serve what was before; twice that, and an index takes effect */
  readonly INDEX_SETTLE_SECONDS?: string | number;
  /** Bytes that one release may have at the most; default 8 GiB */
  readonly MAX_RELEASE_BYTES?: string | number;
  /** The address of this bakery: the audience of the tokens that pipelines come with, and what feeds and events say */
  readonly BAKERY_URL?: string;
  /** Which pipelines may publish what (worker/auth/publishers.ts) */
  readonly PUBLISHERS?: string;
  /** A secret. The sha256 of a token that may do everything */
  readonly PUBLISH_TOKEN_SHA256?: string;
  /** Who is told of publications; https, and perhaps secret itself */
  readonly WEBHOOK_URL?: string;
  /** A secret. `whsec_<base64>`, by which the receiver knows that it is us; two while one replaces the other */
  readonly WEBHOOK_SECRET?: string;
  /** As GitHub's; another one for GitHub Enterprise */
  readonly OIDC_ISSUER?: string;
  /** The public keys that sign this bakery's indexes: a binary OpenPGP keyring in base64 */
  readonly SIGNING_KEYRING?: string;
}

export interface GithubConfig {
  readonly serverUrl: string;
  readonly apiUrl: string;
  readonly repository: string;
  readonly token?: string;
}

export interface Config {
  readonly github?: GithubConfig;
  readonly docsUrl?: string;
  /** The address under which this bakery wants to be known, whatever a request has */
  readonly bakeryUrl?: string;
  readonly indexTtlSeconds: number;
  readonly indexSettleSeconds: number;
  readonly maxReleaseBytes: number;
  /** Base64 */
  readonly signingKeyring?: string;
}

const DEFAULT_GITHUB_SERVER_URL = "https://github.com";
const DEFAULT_GITHUB_API_URL = "https://api.github.com";
const DEFAULT_INDEX_TTL_SECONDS = 60;
/** What reading an index anew takes at the most, storage that hangs included. */
const REFRESH_SECONDS = 30;
const DEFAULT_MAX_RELEASE_BYTES = 8 * 1024 ** 3;

/** GitHub's own rule: an owner has letters, digits and dashes, a repository dots and underscores as well. */
const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9-]*\/(?!\.{1,2}$)[A-Za-z0-9._-]+$/;

/**
 * Reads the variables; an empty one counts as unset, which is how one takes back a default of wrangler.toml.
 * @throws Error naming the variable
 */
export function parseConfig(env: Env): Config {
  const repository = setting(env.GITHUB_REPOSITORY);
  if (repository !== undefined && !REPOSITORY.test(repository)) {
    throw invalid("GITHUB_REPOSITORY", repository, "owner/name");
  }
  const serverUrl = githubServerUrl(env);
  const apiUrl = parseUrl("GITHUB_API_URL", env.GITHUB_API_URL) ?? DEFAULT_GITHUB_API_URL;
  const token = setting(env.GITHUB_TOKEN);
  const docsUrl = parseUrl("DOCS_URL", env.DOCS_URL);
  const bakeryUrl = parseUrl("BAKERY_URL", env.BAKERY_URL);

  const signingKeyring = setting(env.SIGNING_KEYRING);

  const seconds = "a whole number of seconds, 0 or more";
  const indexTtlSeconds = parseCount("INDEX_TTL_SECONDS", env.INDEX_TTL_SECONDS, seconds) ?? DEFAULT_INDEX_TTL_SECONDS;
  const settle = parseCount("INDEX_SETTLE_SECONDS", env.INDEX_SETTLE_SECONDS, seconds);
  const maxReleaseBytes = parseCount("MAX_RELEASE_BYTES", env.MAX_RELEASE_BYTES, "a number of bytes");

  return {
    indexTtlSeconds,
    indexSettleSeconds: settle ?? (indexTtlSeconds === 0 ? 0 : 2 * indexTtlSeconds + REFRESH_SECONDS),
    maxReleaseBytes: maxReleaseBytes ?? DEFAULT_MAX_RELEASE_BYTES,
    ...(repository !== undefined && {
      github: { serverUrl, apiUrl, repository, ...(token !== undefined && { token }) },
    }),
    ...(signingKeyring !== undefined && { signingKeyring }),
    ...(docsUrl !== undefined && { docsUrl }),
    ...(bakeryUrl !== undefined && { bakeryUrl }),
  };
}

/** What the URLs of feeds and events begin with: the bakery's own address, or by which it was asked. */
export function baseOf({ bakeryUrl }: Config, url: string): string {
  return bakeryUrl ?? new URL(url).origin;
}

export function githubServerUrl(env: Env): string {
  return parseUrl("GITHUB_SERVER_URL", env.GITHUB_SERVER_URL) ?? DEFAULT_GITHUB_SERVER_URL;
}

/** Where GitHub has the assets of a release, for everybody. */
export function githubDownloadUrl({ serverUrl, repository }: GithubConfig, { release, file }: Locator): string {
  return `${serverUrl}/${repository}/releases/download/${encodeSegment(release)}/${encodeSegment(file)}`;
}

/** `+` means itself in a path (RFC 3986 section 3.3), and versions have it: `v1.32.2+k3s1` stays readable. */
function encodeSegment(text: string): string {
  return encodeURIComponent(text).replaceAll("%2B", "+");
}

/** The URL without slashes at its end, so that a path can follow. */
export function parseUrl(variable: string, value: string | undefined): string | undefined {
  const text = setting(value);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const isBase = url !== null && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
  if (!isBase) throw invalid(variable, text, "an http(s) URL without query");
  return url.href.replace(/\/+$/, "");
}

function parseCount(variable: string, value: string | number | undefined, wanted: string): number | undefined {
  const text = setting(value);
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,15}$/.test(text)) throw invalid(variable, text, wanted);
  return Number(text);
}

export function setting(value: string | number | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : String(value);
}

function invalid(variable: string, value: string, wanted: string): Error {
  return new Error(`the variable ${variable} is ${JSON.stringify(value)}, must be ${wanted}`);
}
