/**
 * The public URL layout, and where each file lives.
 *
 * systemd-sysupdate wants every image of an extension in one folder; releases are stored in a folder each. This is
 * the only place that knows how the one maps to the other. The rules for images, transfer files and indexes are those
 * of the reference's server, down to what it accepts before `/extensions/` and between it and the file name.
 */
import { ARCHES, type Arch } from "./arch.ts";
import { isExtensionName, MINOR_SERIES, parseImageFile, releaseName } from "./names.ts";
import { RELEASE_DOCUMENTS } from "./release-documents.ts";

/** One stored file. The R2 key is `<release>/<file>`, and so is the path below a GitHub repository's downloads. */
export interface Locator {
  readonly release: string;
  readonly file: string;
}

export type PublicPath =
  | { readonly kind: "image"; readonly at: Locator; readonly arch: Arch }
  | { readonly kind: "transfer"; readonly at: Locator }
  /** An extension's index, or with a series that of one minor series: `/extensions/kubernetes/v1.34/SHA256SUMS` */
  | { readonly kind: "index"; readonly at: Locator; readonly series?: string }
  /** A detached signature of an index, or the name of one that a client probes for. */
  | { readonly kind: "signature"; readonly at: Locator; readonly series?: string }
  /** The public keys that sign the indexes, for `/etc/systemd/import-pubring.gpg` */
  | { readonly kind: "keyring"; readonly at: Locator }
  | { readonly kind: "release-manifest"; readonly at: Locator }
  | { readonly kind: "inventory"; readonly at: Locator }
  /** What follows from a release manifest: `RELEASE_DOCUMENTS` */
  | { readonly kind: "document"; readonly at: Locator }
  | { readonly kind: "build-log"; readonly at: Locator }
  | { readonly kind: "extension-profile"; readonly at: Locator }
  | { readonly kind: "release-contents"; readonly at: Locator }
  /** What openSUSE's sysextmgr asks for beside an image; it follows from the release manifest */
  | { readonly kind: "mkosi-manifest"; readonly at: Locator; readonly arch: Arch }
  /** What was published lately of an extension, or of all: `/extensions/kubernetes/feed.atom`, `/feed.json` */
  | { readonly kind: "atom-feed" | "json-feed"; readonly at: Locator }
  /** The newest image: `/extensions/kubernetes/latest/arm64.raw`, `/extensions/kubernetes/v1.34/latest/arm64.raw` */
  | { readonly kind: "latest"; readonly at: Locator; readonly arch: Arch; readonly series?: string };

export const INDEX_FILE = "SHA256SUMS";
/** What `INDEX_FILE` and its signatures are served from; no client sees it. */
export const PUBLISHED_INDEX_FILE = "index.json";
export const RELEASE_MANIFEST_FILE = "release.json";
export const INVENTORY_FILE = "releases.json";
/** How a release was baked, in a folder beside `release.json`. */
export const BUILD_LOG_FILE = "build.log";
/** What an extension is, beside `releases.json`. */
export const EXTENSION_PROFILE_FILE = "extension.json";
/** What is in the images of a release, beside `release.json`. */
export const RELEASE_CONTENTS_FILE = "contents.json";
/** The release that holds the global index. */
export const GLOBAL_INDEX: Locator = { release: INDEX_FILE, file: INDEX_FILE };

export const FEED_FILES = { "atom-feed": "feed.atom", "json-feed": "feed.json" } as const;
export type FeedKind = keyof typeof FEED_FILES;
/** What belongs to the feed of all extensions; no extension has this name. */
const ALL_FEEDS = ".feed";
/** What the feed of all extensions is made of; no client sees it. */
export const RECENT_RELEASES: Locator = { release: ALL_FEEDS, file: "recent.json" };

/** What the page of all extensions is made of; no client sees it. */
export const CATALOGUE_RECORD: Locator = { release: ".catalogue", file: "record.json" };

/** Where the keyring is, and by which names: 262 looks for one at `.pgp`, the others at `.gpg`. */
const KEYS_FOLDER = "keys";
export const KEYRINGS: readonly Locator[] = ["import-pubring.gpg", "import-pubring.pgp"].map((file) => ({
  release: KEYS_FOLDER,
  file,
}));

// `[^\n]` is Go's `.`: it takes one code point and refuses only a line feed. The dot before "raw", and the one before
// "conf" in the short form, are unescaped in the reference's server, so that any character stands there.
const ARCH = `(?<arch>${ARCHES.join("|")})`;
const IMAGE_END = new RegExp(`-${ARCH}[^\\n]raw$`, "u");
const IMAGE_FOLDER = /^[^\n]*\/extensions\/(?:[^\n]*\/)?$/u;
const SHORT_TRANSFER = /^[^\n]*\/extensions\/(?<release>[^/]+)(?:[^\n]conf|\.transfer)$/u;
const TRANSFER = /^[^\n]*\/extensions\/(?<release>[^/]+)\/(?<name>[^/]+)\.(?:conf|transfer)$/u;
// The reference's server has neither series nor what follows here.
const SERIES_FOLDER = `(?:(?<series>${MINOR_SERIES})/)?`;
const INDEX_FOLDER = `^/extensions/(?:(?<extension>[^/]+)/${SERIES_FOLDER})?`;
const INDEX = new RegExp(`${INDEX_FOLDER}SHA256SUMS$`, "u");
const SIGNATURE = new RegExp(`${INDEX_FOLDER}(?<file>SHA256SUMS(?:\\.sha256)?\\.(?:asc|gpg))$`, "u");
const LATEST = new RegExp(`^/extensions/(?<extension>[^/]+)/${SERIES_FOLDER}latest/${ARCH}\\.raw$`, "u");
const MKOSI_MANIFEST = new RegExp(`^/extensions/(?:[^/]+/)*(?<image>[^/]+-${ARCH})\\.manifest\\.gz$`, "u");
const DOCUMENT = /^\/extensions\/(?<release>[^/]+)\/(?<file>[^/]+)$/u;
type DocumentKind =
  | "release-manifest"
  | "inventory"
  | "document"
  | "build-log"
  | "extension-profile"
  | "release-contents";
const DOCUMENT_KINDS = new Map<string, DocumentKind>([
  [RELEASE_MANIFEST_FILE, "release-manifest"],
  [INVENTORY_FILE, "inventory"],
  [BUILD_LOG_FILE, "build-log"],
  [EXTENSION_PROFILE_FILE, "extension-profile"],
  [RELEASE_CONTENTS_FILE, "release-contents"],
  ...Object.keys(RELEASE_DOCUMENTS).map((file) => [file, "document"] as const),
]);
const FEED = /^\/(?:extensions\/(?<extension>[^/]+)\/)?feed\.(?<format>atom|json)$/u;

/** R2's longest key, in bytes. A longer path names nothing that could be stored, and would cost time to match. */
const MAX_PATH_LENGTH = 1024;

/** The file that a decoded URL path stands for, or undefined when the path is not ours. */
export function parsePublicPath(pathname: string): PublicPath | undefined {
  if (pathname.length > MAX_PATH_LENGTH) return undefined;
  for (const { ends, parse } of RULES) {
    const path = ends.some((end) => pathname.endsWith(end)) ? parse(pathname) : undefined;
    if (path !== undefined) return path;
  }
  return undefined;
}

interface Rule {
  /** How its paths end; most paths are told apart by that, which costs less than a pattern */
  readonly ends: readonly string[];
  parse(pathname: string): PublicPath | undefined;
}

/** The reference's rules in its order, then ours. */
const RULES: readonly Rule[] = [
  { ends: ["raw"], parse: parseImagePath },
  {
    ends: ["conf", ".transfer"],
    parse(pathname) {
      const { release } = groupsOf(SHORT_TRANSFER, pathname);
      return release === undefined ? undefined : { kind: "transfer", at: { release, file: `${release}.conf` } };
    },
  },
  {
    ends: [".conf", ".transfer"],
    parse(pathname) {
      const { release, name } = groupsOf(TRANSFER, pathname);
      return release === undefined ? undefined : { kind: "transfer", at: { release, file: `${name}.conf` } };
    },
  },
  {
    ends: [INDEX_FILE],
    parse(pathname) {
      const found = INDEX.exec(pathname);
      if (found === null) return undefined;
      const { extension, series } = found.groups as Groups;
      return { kind: "index", at: indexLocator(extension), ...(series !== undefined && { series }) };
    },
  },
  {
    ends: [".gpg", ".asc"],
    parse(pathname) {
      const { extension, series, file } = groupsOf(SIGNATURE, pathname);
      if (file === undefined) return undefined;
      const at = { release: extension ?? GLOBAL_INDEX.release, file };
      return { kind: "signature", at, ...(series !== undefined && { series }) };
    },
  },
  {
    ends: KEYRINGS.map(({ file }) => `/${file}`),
    parse(pathname) {
      const at = KEYRINGS.find((keyring) => publicPath(keyring) === pathname);
      return at && { kind: "keyring", at };
    },
  },
  {
    ends: [...DOCUMENT_KINDS.keys()].map((file) => `/${file}`),
    parse(pathname) {
      const { release, file = "" } = groupsOf(DOCUMENT, pathname);
      const kind = DOCUMENT_KINDS.get(file);
      return release === undefined || kind === undefined ? undefined : { kind, at: { release, file } };
    },
  },
  {
    ends: [".raw"],
    parse(pathname) {
      const { extension, series, arch } = groupsOf(LATEST, pathname);
      if (extension === undefined) return undefined;
      const at = { release: extension, file: `${arch}.raw` };
      return { kind: "latest", at, arch: arch as Arch, ...(series !== undefined && { series }) };
    },
  },
  {
    ends: Object.values(FEED_FILES),
    parse(pathname) {
      const { extension, format } = groupsOf(FEED, pathname);
      if (format === undefined || (extension !== undefined && !isExtensionName(extension))) return undefined;
      const kind = format === "atom" ? "atom-feed" : "json-feed";
      return { kind, at: feedLocator(kind, extension) };
    },
  },
  {
    ends: [".manifest.gz"],
    parse(pathname) {
      const { image = "", arch } = groupsOf(MKOSI_MANIFEST, pathname);
      const release = parseImageFile(`${image}.raw`);
      if (release === undefined) return undefined;
      const at = { release: releaseName(release), file: `${image}.manifest.gz` };
      return { kind: "mkosi-manifest", arch: arch as Arch, at };
    },
  },
];

type Groups = Readonly<Record<string, string | undefined>>;

function groupsOf(pattern: RegExp, text: string): Groups {
  return pattern.exec(text)?.groups ?? {};
}

/** In steps from the end, for one expression over all of it takes milliseconds to refuse some paths. */
function parseImagePath(pathname: string): PublicPath | undefined {
  const end = IMAGE_END.exec(pathname);
  if (end === null) return undefined;
  const before = pathname.slice(0, end.index);
  const release = before.slice(before.lastIndexOf("/") + 1);
  const folder = before.slice(0, before.length - release.length);
  if (!/.-./s.test(release) || !IMAGE_FOLDER.test(folder)) return undefined;
  const arch = end.groups?.arch as Arch;
  return { kind: "image", arch, at: { release, file: `${release}-${arch}.raw` } };
}

/**
 * The one path under which a file is published, as `systemd-sysupdate` and the documentation ask for it; the inverse
 * of `parsePublicPath`. A static web server that has its files there serves the same bakery.
 */
export function publicPath({ release, file }: Locator): string {
  if (release === GLOBAL_INDEX.release) return `/extensions/${file}`;
  if (release === ALL_FEEDS) return `/${file}`;
  if (KEYRINGS.some((keyring) => keyring.release === release && keyring.file === file)) return `/${release}/${file}`;
  if (file === `${release}.conf`) return `/extensions/${file}`;
  const folder = parseImageFile(file)?.extension ?? release;
  return `/extensions/${folder}/${file}`;
}

/** The index of one extension, or the global one. */
export function indexLocator(extension?: string): Locator {
  return extension === undefined ? GLOBAL_INDEX : { release: extension, file: INDEX_FILE };
}

/** The feed of one extension, or of all. */
export function feedLocator(kind: FeedKind, extension: string = ALL_FEEDS): Locator {
  return { release: extension, file: FEED_FILES[kind] };
}

/** The key in R2, and the path below a GitHub repository's `releases/download/`. */
export function storageKey({ release, file }: Locator): string {
  return `${release}/${file}`;
}
