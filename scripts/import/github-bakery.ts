/**
 * A bakery on GitHub: a release for each release, `<ext>-<version>`, with images and their SHA256SUMS; one for each
 * extension, with the lines of all its releases; and one with those of all extensions. Read by the addresses of their
 * files, which do not count for the API's rate limit.
 */

import { NotFoundError, UpstreamError } from "../../builder/system/errors.ts";
import type { Http } from "../../builder/system/http.ts";
import {
  GLOBAL_INDEX,
  INDEX_FILE,
  type IndexEntry,
  InvalidInput,
  indexLocator,
  type Locator,
  parseImageFile,
  parseSha256Sums,
  type Release,
  releaseName,
  storageKey,
} from "../../schema/index.ts";

export interface GitHubBakery {
  /** `owner/name` */
  readonly repository: string;
  /** `https://github.com` */
  readonly server: string;
  readonly http: Http;
}

/** A release to be imported, and what two indexes that are not its own say of it. */
export interface FoundRelease extends Release {
  readonly lines: readonly IndexEntry[];
}

export function addressOf({ repository, server }: GitHubBakery, at: Locator): string {
  return `${server}/${repository}/releases/download/${storageKey(at).split("/").map(encodeURIComponent).join("/")}`;
}

/** Names of extensions, by the global index. */
export async function extensionsOf(bakery: GitHubBakery): Promise<string[]> {
  const { lines } = await readIndex(bakery, GLOBAL_INDEX);
  return [...new Set(lines.flatMap(({ file }) => parseImageFile(file)?.extension ?? []))].sort();
}

/** The releases of an extension, by its own index. */
export async function releasesOf(bakery: GitHubBakery, extension: string): Promise<FoundRelease[]> {
  const { lines } = await readIndex(bakery, indexLocator(extension));
  const images = lines.flatMap((line) => {
    const image = parseImageFile(line.file);
    return image?.extension === extension ? [{ line, version: image.version }] : [];
  });
  const byVersion = Map.groupBy(images, ({ version }) => version);
  return [...byVersion].map(([version, found]) => ({ extension, version, lines: found.map(({ line }) => line) }));
}

export interface OwnIndex {
  readonly lines: readonly IndexEntry[];
  /** When it was uploaded, where GitHub says it */
  readonly publishedAt: Date | undefined;
}

/**
 * The lines of a release's images, which its own SHA256SUMS and its extension's have to say alike.
 * @throws UpstreamError naming the file of which they do not
 */
export async function agreedIndex(bakery: GitHubBakery, release: FoundRelease): Promise<OwnIndex> {
  const name = releaseName(release);
  const own = await readIndex(bakery, { release: name, file: INDEX_FILE });
  const ofRelease = (entry: IndexEntry) => {
    const image = parseImageFile(entry.file);
    return image !== undefined && releaseName(image) === name;
  };
  const lines = own.lines.filter(ofRelease);
  const hashOf = (list: readonly IndexEntry[], file: string) => list.find((line) => line.file === file)?.sha256;
  for (const { file } of [...lines, ...release.lines]) {
    const [here, there] = [hashOf(lines, file), hashOf(release.lines, file)];
    if (here === there) continue;
    throw new UpstreamError(`the indexes do not agree on ${file}`, {
      details: { [name]: here ?? "not named", [release.extension]: there ?? "not named" },
      hint: "find out which one is right; nothing of the release was imported",
    });
  }
  return { ...own, lines };
}

async function readIndex(bakery: GitHubBakery, at: Locator): Promise<OwnIndex> {
  const url = addressOf(bakery, at);
  try {
    const { text, headers } = await bakery.http.read(url);
    const time = Date.parse(headers.get("last-modified") ?? "");
    return { lines: parseSha256Sums(text), publishedAt: Number.isNaN(time) ? undefined : new Date(time) };
  } catch (cause) {
    if (cause instanceof NotFoundError) {
      throw new UpstreamError(`${bakery.repository} has no ${storageKey(at)}`, { details: { url }, cause });
    }
    if (!(cause instanceof InvalidInput)) throw cause;
    throw new UpstreamError(cause.message, { details: { url }, cause });
  }
}
