/** Software that comes along in an image and has versions of its own. */
import type { VersionSource } from "./versions.ts";

export interface Bundle {
  /** Where its versions are listed. */
  readonly versions: VersionSource;
  readonly default: BundleDefault;
  /** The reference's option for it, `cni-version`, beside `--bundle cni=…`. */
  readonly option?: string;
}

/** Which version is bundled where nobody says: the newest one, none at all, or the one that upstream says at a URL. */
export type BundleDefault = "newest" | "none" | ((release: BundledBy) => string);

/** What bundles. */
export interface BundledBy {
  readonly version: string;
  readonly tag: string;
}

export type Bundles = Readonly<Record<string, Bundle>>;

/** The version of each bundle; undefined where the default is none and nobody has asked for it. */
export type BundledVersions<B extends Bundles = Bundles> = {
  readonly [Name in keyof B]: B[Name] extends { readonly default: "none" } ? string | undefined : string;
};

/** The newest of these, unless told otherwise. */
export function newestOf(versions: VersionSource, { option }: { readonly option?: string } = {}) {
  return { versions, default: "newest", ...(option !== undefined && { option }) } as const satisfies Bundle;
}

/** Nothing of it, unless asked for. */
export function onlyIfAsked(versions: VersionSource, { option }: { readonly option?: string } = {}) {
  return { versions, default: "none", ...(option !== undefined && { option }) } as const satisfies Bundle;
}

/** What upstream itself goes with: the version stands alone in a file of each release. */
export function statedAt(versions: VersionSource, url: (release: BundledBy) => string) {
  return { versions, default: url } as const satisfies Bundle;
}
