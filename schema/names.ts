/**
 * What extensions, versions, releases and files may be called, so that every client sees them and no name has two
 * readings.
 *
 * A version starts with a digit, or `v` and a digit; no part of an extension's name does. That makes
 * `docker-compose-2.30.0` unambiguous: the version begins at the first dash that a version can follow.
 */
import { ARCHES, type Arch } from "./arch.ts";
import { InvalidInput } from "./invalid-input.ts";

export const MAX_EXTENSION_LENGTH = 64;
export const MAX_VERSION_LENGTH = 128;

const NAME_PART = "(?!v?[0-9])[a-z0-9]+";
/**
 * Names that mean something else in the layout: `noop.conf` is built in, `latest` is a view of an extension, and below
 * `/extensions/extensions/` a transfer file is read as if the path began there.
 */
const RESERVED = ["noop", "latest", "extensions"];
/** Exact but for the length; the JSON Schema carries it. */
export const EXTENSION_NAME = new RegExp(`^(?!(?:${RESERVED.join("|")})$)[a-z0-9]+(?:-${NAME_PART})*$`);
/** systemd 254 and 257 ignore versions with `~` or `^`, 262 those with `,`; all three see these characters. */
export const VERSION = /^v?[0-9][A-Za-z0-9.+_-]*$/;
const RELEASE = new RegExp(`^(?<extension>[a-z0-9]+(?:-${NAME_PART})*)-(?<version>v?[0-9][A-Za-z0-9.+_-]*)$`);
const IMAGE_FILE = new RegExp(`^(?<release>.+)-(?<arch>${ARCHES.join("|")})\\.raw$`);

/** A pattern for more patterns. */
export const MINOR_SERIES = "v?[0-9]+\\.[0-9]+";
const SERIES = new RegExp(`^${MINOR_SERIES}$`);
const SERIES_OF_VERSION = new RegExp(`^${MINOR_SERIES}(?![0-9])`);

/** An extension and one of its versions; together the name of a release. */
export interface Release {
  readonly extension: string;
  readonly version: string;
}

export function isExtensionName(text: string): boolean {
  return text.length <= MAX_EXTENSION_LENGTH && EXTENSION_NAME.test(text);
}

export function isVersion(text: string): boolean {
  return text.length <= MAX_VERSION_LENGTH && VERSION.test(text);
}

/** @throws InvalidInput that says what a name may contain */
export function checkExtensionName(text: string): string {
  if (!isExtensionName(text)) {
    const rule = `lower-case letters, digits and single dashes, ${MAX_EXTENSION_LENGTH} characters at most, no part after a dash that looks like a version`;
    throw new InvalidInput("extension name", `${JSON.stringify(text)} (allowed: ${rule})`);
  }
  return text;
}

/** @throws InvalidInput that says what a version may contain */
export function checkVersion(text: string): string {
  if (!isVersion(text)) {
    const rule = `a digit, or "v" and a digit, then letters, digits and ".+_-", ${MAX_VERSION_LENGTH} characters at most`;
    throw new InvalidInput("version", `${JSON.stringify(text)} (allowed: ${rule})`);
  }
  return text;
}

/** `kubernetes-v1.32.2` */
export function releaseName({ extension, version }: Release): string {
  return `${extension}-${version}`;
}

/** The inverse of `releaseName`; undefined for what is no release of ours. */
export function parseReleaseName(name: string): Release | undefined {
  const { extension = "", version = "" } = RELEASE.exec(name)?.groups ?? {};
  return isExtensionName(extension) && isVersion(version) ? { extension, version } : undefined;
}

/** `kubernetes-v1.32.2-arm64.raw` */
export function imageFile(release: Release, arch: Arch): string {
  return `${releaseName(release)}-${arch}.raw`;
}

/** The inverse of `imageFile`; undefined for what is no image of ours. */
export function parseImageFile(file: string): (Release & { readonly arch: Arch }) | undefined {
  const groups = IMAGE_FILE.exec(file)?.groups;
  const release = groups?.release && parseReleaseName(groups.release);
  return release ? { ...release, arch: groups.arch as Arch } : undefined;
}

/** `v1.32` of `v1.32.2+k3s1`: versions of one minor series share it. Undefined where a version has no minor number. */
export function minorSeries(version: string): string | undefined {
  return SERIES_OF_VERSION.exec(version)?.[0];
}

export function isMinorSeries(text: string): boolean {
  return SERIES.test(text);
}
