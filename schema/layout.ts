/**
 * The public URL layout, and where each file lives.
 *
 * systemd-sysupdate wants every image of an extension in one folder; releases are stored in a folder each. This is
 * the only place that knows how the one maps to the other. The rules for images, transfer files and indexes are those
 * of the reference's server, down to what it accepts before `/extensions/` and between it and the file name.
 */
import { ARCHES, type Arch } from "./arch.ts";
import { parseImageFile } from "./names.ts";

/** One stored file. The R2 key is `<release>/<file>`, and so is the path below a GitHub repository's downloads. */
export interface Locator {
  readonly release: string;
  readonly file: string;
}

export type PublicPath =
  | { readonly kind: "image"; readonly at: Locator; readonly arch: Arch }
  | { readonly kind: "transfer"; readonly at: Locator }
  | { readonly kind: "index"; readonly at: Locator }
  /** A detached signature of an index, or the name of one that a client probes for. */
  | { readonly kind: "signature"; readonly at: Locator }
  | { readonly kind: "release-manifest"; readonly at: Locator }
  | { readonly kind: "inventory"; readonly at: Locator };

export const INDEX_FILE = "SHA256SUMS";
export const RELEASE_MANIFEST_FILE = "release.json";
export const INVENTORY_FILE = "releases.json";
/** The release that holds the global index. */
export const GLOBAL_INDEX: Locator = { release: INDEX_FILE, file: INDEX_FILE };

// `[^\n]` is Go's `.`: it takes one code point and refuses only a line feed. The dot before "raw", and the one before
// "conf" in the short form, are unescaped in the reference's server, so that any character stands there.
const IMAGE_END = new RegExp(`-(?<arch>${ARCHES.join("|")})[^\\n]raw$`, "u");
const IMAGE_FOLDER = /^[^\n]*\/extensions\/(?:[^\n]*\/)?$/u;
const SHORT_TRANSFER = /^[^\n]*\/extensions\/(?<release>[^/]+)[^\n]conf$/u;
const TRANSFER = /^[^\n]*\/extensions\/(?<release>[^/]+)\/(?<name>[^/]+)\.conf$/u;
const INDEX = /^\/extensions\/(?:(?<extension>[^/]+)\/)?SHA256SUMS$/u;
const SIGNATURE = /^\/extensions\/(?:(?<extension>[^/]+)\/)?(?<file>SHA256SUMS(?:\.sha256)?\.(?:asc|gpg))$/u;
const DOCUMENT = /^\/extensions\/(?<release>[^/]+)\/(?<file>release\.json|releases\.json)$/u;

/** R2's longest key, in bytes. A longer path names nothing that could be stored, and would cost time to match. */
const MAX_PATH_LENGTH = 1024;

/** The file that a decoded URL path stands for, or undefined when the path is not ours. */
export function parsePublicPath(pathname: string): PublicPath | undefined {
  if (pathname.length > MAX_PATH_LENGTH) return undefined;

  const image = parseImagePath(pathname);
  if (image !== undefined) return image;

  const short = SHORT_TRANSFER.exec(pathname)?.groups as { release: string } | undefined;
  if (short !== undefined) {
    return { kind: "transfer", at: { release: short.release, file: `${short.release}.conf` } };
  }

  const transfer = TRANSFER.exec(pathname)?.groups as { release: string; name: string } | undefined;
  if (transfer !== undefined) {
    return { kind: "transfer", at: { release: transfer.release, file: `${transfer.name}.conf` } };
  }

  const index = INDEX.exec(pathname)?.groups;
  if (index !== undefined) {
    return { kind: "index", at: indexLocator(index.extension) };
  }

  const signature = SIGNATURE.exec(pathname)?.groups as { extension?: string; file: string } | undefined;
  if (signature !== undefined) {
    return { kind: "signature", at: { release: signature.extension ?? GLOBAL_INDEX.release, file: signature.file } };
  }

  const document = DOCUMENT.exec(pathname)?.groups as { release: string; file: string } | undefined;
  if (document !== undefined) {
    return { kind: document.file === INVENTORY_FILE ? "inventory" : "release-manifest", at: document };
  }

  return undefined;
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
  if (file === `${release}.conf`) return `/extensions/${file}`;
  const folder = parseImageFile(file)?.extension ?? release;
  return `/extensions/${folder}/${file}`;
}

/** The index of one extension, or the global one. */
export function indexLocator(extension?: string): Locator {
  return extension === undefined ? GLOBAL_INDEX : { release: extension, file: INDEX_FILE };
}

/** The key in R2, and the path below a GitHub repository's `releases/download/`. */
export function storageKey({ release, file }: Locator): string {
  return `${release}/${file}`;
}
