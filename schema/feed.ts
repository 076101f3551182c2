/** What a feed of releases says, whatever its format. */
import type { Arch } from "./arch.ts";
import { type FeedKind, feedLocator, type Locator, publicPath, RELEASE_MANIFEST_FILE } from "./layout.ts";
import { imageFile, releaseName } from "./names.ts";
import { changedAt, type RecentRelease } from "./recent-releases.ts";

export interface FeedOptions {
  /** The bakery's address, without a slash at its end */
  readonly base: string;
  /** None: of all extensions */
  readonly extension?: string | undefined;
}

export interface Feed {
  readonly title: string;
  /** The bakery's host */
  readonly author: string;
  /** The bakery's front page */
  readonly home: string;
  /** Where the feed itself is, in each format */
  readonly urls: Readonly<Record<FeedKind, string>>;
  readonly updated: string;
  /** Latest news first */
  readonly entries: readonly FeedEntry[];
}

export interface FeedEntry {
  readonly extension: string;
  /** Stable: of the release manifest, which never moves */
  readonly url: string;
  readonly title: string;
  /** RFC 3339 */
  readonly published: string;
  readonly updated: string;
  /** One line of text */
  readonly summary: string;
  readonly html: string;
  readonly transferUrl: string;
  /** None of a release that is withdrawn: programs that download what a feed names are not to have it */
  readonly enclosures: readonly ReleaseImage[];
}

export interface ReleaseImage {
  readonly arch: Arch;
  readonly file: string;
  readonly url: string;
  /** Bytes */
  readonly size: number;
  readonly sha256: string;
}

/** What images are served as. */
export const IMAGE_MEDIA_TYPE = "application/octet-stream";

/** @returns undefined where there is nothing to say: a feed without entries has no date, and Atom wants one */
export function makeFeed(releases: readonly RecentRelease[], { base, extension }: FeedOptions): Feed | undefined {
  const entries = releases.map((release) => makeEntry(release, base));
  const [latest] = entries;
  if (latest === undefined) return undefined;
  const feedUrl = (kind: FeedKind) => urlOf(feedLocator(kind, extension), base);
  const author = base.replace(/^https?:\/\//, "");
  return {
    title: `${extension ?? "System extensions"} at ${author}`,
    author,
    home: `${base}/`,
    urls: { "atom-feed": feedUrl("atom-feed"), "json-feed": feedUrl("json-feed") },
    updated: latest.updated,
    entries,
  };
}

function makeEntry(release: RecentRelease, base: string): FeedEntry {
  const { extension, version, yanked } = release;
  const images = imagesOf(release, base);
  const what = `${extension} ${version}`;
  const transferUrl = urlOf({ release: extension, file: `${extension}.conf` }, base);
  const summary = yanked ? `withdrawn: ${yanked.reason}` : `images for ${images.map(({ arch }) => arch).join(" and ")}`;
  return {
    extension,
    url: urlOf({ release: releaseName(release), file: RELEASE_MANIFEST_FILE }, base),
    title: yanked ? `${what} (withdrawn)` : what,
    published: new Date(release.publishedAt).toISOString(),
    updated: new Date(changedAt(release)).toISOString(),
    summary: `${what}: ${summary}`,
    html: yanked ? withdrawnHtml(what, yanked.reason) : imagesHtml(what, images, transferUrl),
    transferUrl,
    enclosures: yanked ? [] : images,
  };
}

/** The images of a release, and where they are. */
export function imagesOf(release: Pick<RecentRelease, "extension" | "version" | "images">, base: string) {
  return release.images.map(({ arch, size, sha256 }): ReleaseImage => {
    const file = imageFile(release, arch);
    return { arch, file, url: urlOf({ release: releaseName(release), file }, base), size, sha256 };
  });
}

function urlOf(at: Locator, base: string): string {
  return base + encodeURI(publicPath(at));
}

function withdrawnHtml(what: string, reason: string): string {
  return `<p>${escapeMarkup(what)} was withdrawn: machines do not get it any more. ${escapeMarkup(reason)}</p>`;
}

function imagesHtml(what: string, images: readonly ReleaseImage[], transferUrl: string): string {
  const items = images.map(({ file, url, size, sha256 }) => {
    const link = `<a href="${escapeMarkup(url)}">${escapeMarkup(file)}</a>`;
    return `<li>${link}, ${size} bytes, sha256 <code>${sha256}</code></li>`;
  });
  const transfer = `<a href="${escapeMarkup(transferUrl)}">transfer file</a>`;
  return `<p>${escapeMarkup(what)} is published. To follow it: ${transfer}.</p><ul>${items.join("")}</ul>`;
}

// XML 1.0 section 2.2: what is no character of a document, escaped or not.
const NO_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it stands in HTML and XML, attributes included. */
export function escapeMarkup(text: string): string {
  return text.replace(NO_XML, "\ufffd").replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
