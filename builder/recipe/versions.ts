/** Where the versions of a piece of software are listed: described here, asked in `builder/versions/`. */

export type Repository = `${string}/${string}`;

export interface VersionFilter {
  /** What upstream's tags have before the version: with `v`, version `2.34.0` is tag `v2.34.0`. Others are left out. */
  readonly prefix?: string;
  /** Only tags that match. */
  readonly include?: RegExp;
  /** No tags that match. */
  readonly exclude?: RegExp;
}

export type VersionSource =
  | { readonly kind: "github-releases"; readonly repository: Repository; readonly filter: VersionFilter }
  | { readonly kind: "npm-package"; readonly name: string; readonly filter: VersionFilter }
  | { readonly kind: "fixed"; readonly versions: readonly string[] };

/** The releases of a GitHub repository; drafts and prereleases are none. */
export function githubReleases(repository: Repository, filter: VersionFilter = {}): VersionSource {
  return { kind: "github-releases", repository, filter };
}

/** The versions of a package in npm's registry; prereleases and deprecated ones are left out. */
export function npmPackage(name: string, filter: VersionFilter = {}): VersionSource {
  return { kind: "npm-package", name, filter };
}

/** Versions that stand in the recipe. */
export function fixed(...versions: [string, ...string[]]): VersionSource {
  return { kind: "fixed", versions };
}

/** The tag that stands for a version upstream. */
export function tagOf(source: VersionSource, version: string): string {
  return source.kind === "fixed" ? version : `${source.filter.prefix ?? ""}${version}`;
}
