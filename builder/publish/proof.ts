/** Reads back what was published as machines do: index, signatures and images must agree. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  GLOBAL_INDEX,
  INDEX_FILE,
  type IndexEntry,
  indexLocator,
  type Locator,
  linesOf,
  minorSeries,
  publicPath,
  type ReleaseManifest,
  releaseName,
} from "../../schema/index.ts";
import type { Keyring } from "../signing/keyring.ts";
import { NotFoundError, UserError } from "../system/errors.ts";
import type { Http } from "../system/http.ts";

export interface ProofOptions {
  readonly url: string;
  readonly http: Http;
  /** None: the index is not signed */
  readonly keyring: Keyring | undefined;
  /** Names of images that are read whole; of the others only what the bakery says of them */
  readonly whole: ReadonlySet<string>;
  readonly signal?: AbortSignal | undefined;
}

/** The names that clients ask for: 254 and 257 the last, 262 the first. */
const SIGNATURES = [`${INDEX_FILE}.sha256.asc`, `${INDEX_FILE}.gpg`];
const POLL_MS = 1_000;
/** What a cache in front of the bakery may keep, and a little. */
const CACHE_MS = 90_000;

/**
 * Waits for the index to name the release, and holds against it what can be fetched.
 * @param effectiveAt when the index is to name it, in milliseconds
 * @throws UserError naming what is not as it was published
 */
export async function prove(manifest: ReleaseManifest, effectiveAt: number, options: ProofOptions): Promise<void> {
  const lines = linesOf(manifest.extension, manifest);
  const series = minorSeries(manifest.version);
  const ofSeries = series && `/extensions/${manifest.extension}/${series}/${INDEX_FILE}`;
  const paths = [pathOf(indexLocator(manifest.extension)), ...(ofSeries ? [ofSeries] : []), pathOf(GLOBAL_INDEX)];
  for (const path of paths) await proveIndex(path, lines, effectiveAt, options);
  for (const { file, sha256 } of manifest.images) {
    const path = publicPath({ release: releaseName(manifest), file });
    const actual = await hashOf(`${options.url}${encodeURI(path)}`, options.whole.has(file), options);
    if (actual !== sha256) throw disproved(path, "is not what was published", { expected: sha256, actual });
  }
}

async function proveIndex(path: string, lines: readonly IndexEntry[], effectiveAt: number, options: ProofOptions) {
  const { signal } = options;
  const sleepFor = (milliseconds: number) => sleep(milliseconds, undefined, signal && { signal });
  await sleepFor(Math.max(0, effectiveAt - Date.now()));
  for (;;) {
    const problem = await problemWith(path, lines, options);
    if (problem === undefined) return;
    // A cache may have what was before; or somebody publishes at this moment, between our two requests.
    if (Date.now() - effectiveAt > CACHE_MS) throw disproved(path, problem, {});
    await sleepFor(POLL_MS);
  }
}

async function problemWith(path: string, lines: readonly IndexEntry[], { http, url, keyring }: ProofOptions) {
  const index = await http.read(url + path).catch(absent);
  if (index === undefined) return "is not there";
  const missing = lines.find(({ file, sha256 }) => !index.text.includes(`${sha256}  ${file}\n`));
  if (missing !== undefined) return `does not name ${missing.file}`;
  for (const name of keyring === undefined ? [] : SIGNATURES) {
    const signature = await http.readBytes(url + path.replace(INDEX_FILE, name)).catch(absent);
    const isGood = signature && (await keyring?.verify(index.text, signature.bytes.toString("base64")));
    if (!isGood) return `has no good signature at ${name}`;
  }
  return undefined;
}

function absent(error: unknown): undefined {
  if (!(error instanceof NotFoundError)) throw error;
}

async function hashOf(url: string, whole: boolean, { http }: ProofOptions): Promise<string> {
  if (whole) return http.sha256(url);
  // A bakery's entity tag of an image is its hash.
  return (await http.head(url)).get("etag")?.replaceAll('"', "") ?? "";
}

function pathOf(at: Locator): string {
  return encodeURI(publicPath(at));
}

function disproved(path: string, problem: string, details: Record<string, string>): UserError {
  const hint = "./bakery doctor looks at all of a bakery; publishing again mends what it can";
  return new UserError(`${path} ${problem}`, { details, hint });
}
