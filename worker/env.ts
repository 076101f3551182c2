/** What a deployment gives the worker: bindings and variables, parsed once into a configuration. */
import type { Locator } from "../schema/index.ts";

/** Every binding may be missing: without a bucket the worker redirects to GitHub, without a repository it does not. */
export interface Env {
  readonly BUCKET?: R2Bucket | undefined;
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
  /** How old an index may be. A number in wrangler.toml arrives as a number, one of the dashboard as text. */
  readonly INDEX_TTL_SECONDS?: string | number;
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
  readonly indexTtlSeconds: number;
}

const DEFAULT_GITHUB_SERVER_URL = "https://github.com";
const DEFAULT_GITHUB_API_URL = "https://api.github.com";
const DEFAULT_INDEX_TTL_SECONDS = 60;

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
  const serverUrl = parseUrl("GITHUB_SERVER_URL", env.GITHUB_SERVER_URL) ?? DEFAULT_GITHUB_SERVER_URL;
  const apiUrl = parseUrl("GITHUB_API_URL", env.GITHUB_API_URL) ?? DEFAULT_GITHUB_API_URL;
  const token = setting(env.GITHUB_TOKEN);
  const docsUrl = parseUrl("DOCS_URL", env.DOCS_URL);

  const ttl = setting(env.INDEX_TTL_SECONDS) ?? String(DEFAULT_INDEX_TTL_SECONDS);
  if (!/^[0-9]{1,9}$/.test(ttl)) throw invalid("INDEX_TTL_SECONDS", ttl, "a whole number of seconds, 0 or more");

  return {
    indexTtlSeconds: Number(ttl),
    ...(repository !== undefined && {
      github: { serverUrl, apiUrl, repository, ...(token !== undefined && { token }) },
    }),
    ...(docsUrl !== undefined && { docsUrl }),
  };
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
function parseUrl(variable: string, value: string | undefined): string | undefined {
  const text = setting(value);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const isBase = url !== null && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
  if (!isBase) throw invalid(variable, text, "an http(s) URL without query");
  return url.href.replace(/\/+$/, "");
}

function setting(value: string | number | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : String(value);
}

function invalid(variable: string, value: string, wanted: string): Error {
  return new Error(`the variable ${variable} is ${JSON.stringify(value)}, must be ${wanted}`);
}
