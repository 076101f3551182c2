/** Where the versions of a piece of software are listed: described here, asked in `builder/versions/`. */

import { compareVersions } from "../../schema/index.ts";

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
  | { readonly kind: "github-tags"; readonly repository: Repository; readonly filter: VersionFilter }
  | {
      readonly kind: "gitlab-tags";
      readonly instance: string;
      readonly project: string;
      readonly filter: VersionFilter;
    }
  | { readonly kind: "hashicorp-releases"; readonly product: string }
  | { readonly kind: "kubernetes-schedule" }
  | HtmlListing
  | { readonly kind: "npm-package"; readonly name: string; readonly filter: VersionFilter }
  | { readonly kind: "debian-package"; readonly name: string; readonly suites: readonly string[] }
  | { readonly kind: "alpine-package"; readonly name: string; readonly branch: string; readonly repository: string }
  | { readonly kind: "fixed"; readonly versions: readonly string[] };

export interface HtmlListing {
  readonly kind: "html-listing";
  readonly url: string;
  /** What a link leads to, with a group `version`. */
  readonly link: RegExp;
  /** Links of the page that lead to the pages meant, where it is an overview. */
  readonly pages?: RegExp;
  /** What comes after such a link, `src/`. */
  readonly below?: string;
}

/** The releases of a GitHub repository; drafts and prereleases are none. */
export function githubReleases(repository: Repository, filter: VersionFilter = {}): VersionSource {
  return { kind: "github-releases", repository, filter };
}

/** The tags of a GitHub repository, for projects that publish no releases there. Nothing tells prereleases: see `filter`. */
export function githubTags(repository: Repository, filter: VersionFilter = {}): VersionSource {
  return { kind: "github-tags", repository, filter };
}

/** @param project its path, `chrony/chrony`, or its number */
export function gitlabTags(instance: string, project: string, filter: VersionFilter = {}): VersionSource {
  return { kind: "gitlab-tags", instance, project, filter };
}

/** What HashiCorp has released of a product, without prereleases and without what needs a licence to run. */
export function hashicorpReleases(product: string): VersionSource {
  return { kind: "hashicorp-releases", product };
}

/** The patch releases of Kubernetes' supported minor series, as its release team keeps them; with a `v`. */
export function kubernetesSchedule(): VersionSource {
  return { kind: "kubernetes-schedule" };
}

/**
 * The links of a page, as web servers make them of a folder.
 * @param link what it leads to, with a group: `/^docker-(?<version>[0-9.]+)\.tgz$/`
 * @param options for an overview: `pages`, which of its links lead to the pages meant, and what comes `below` them
 */
export function htmlListing(
  url: string,
  link: RegExp,
  options: { readonly pages?: RegExp; readonly below?: string } = {},
): HtmlListing {
  return { kind: "html-listing", url, link, ...options };
}

/** The versions of a package in npm's registry; prereleases and deprecated ones are left out. */
export function npmPackage(name: string, filter: VersionFilter = {}): VersionSource {
  return { kind: "npm-package", name, filter };
}

/**
 * What Debian's suites have of a package, one version in each: the upstream part of it, `1.1.2` of `1:1.1.2-3`. Signed
 * lists say so.
 */
export function debianPackage(name: string, ...suites: [string, ...string[]]): VersionSource {
  return { kind: "debian-package", name, suites };
}

/**
 * What a branch of Alpine has of a package, without Alpine's revision.
 * @param options `branch`: `latest-stable`, `v3.21`, `edge`; `repository`: `main` or `community`
 */
export function alpinePackage(
  name: string,
  { branch = "latest-stable", repository = "community" }: { branch?: string; repository?: string } = {},
): VersionSource {
  return { kind: "alpine-package", name, branch, repository };
}

/** Versions that stand in the recipe. */
export function fixed(...versions: [string, ...string[]]): VersionSource {
  return { kind: "fixed", versions };
}

/** The tag that stands for a version upstream. */
export function tagOf(source: VersionSource, version: string): string {
  return "filter" in source ? `${source.filter.prefix ?? ""}${version}` : version;
}

/** Whether a version is this one or newer, whichever of them begins with a `v`: for what upstream has changed. */
export function isAtLeast(version: string, other: string): boolean {
  return compareVersions(version.replace(/^v/, ""), other.replace(/^v/, "")) >= 0;
}

/** For people, and for errors: `the releases of docker/compose on GitHub`. */
export function nameOfSource(source: VersionSource): string {
  switch (source.kind) {
    case "github-releases":
      return `the releases of ${source.repository} on GitHub`;
    case "github-tags":
      return `the tags of ${source.repository} on GitHub`;
    case "gitlab-tags":
      return `the tags of ${source.project} at ${source.instance}`;
    case "hashicorp-releases":
      return `HashiCorp's releases of ${source.product}`;
    case "kubernetes-schedule":
      return "the schedule of Kubernetes' releases";
    case "html-listing":
      return source.url;
    case "npm-package":
      return `the npm package ${source.name}`;
    case "debian-package":
      return `Debian's package ${source.name} in ${source.suites.join(" and ")}`;
    case "alpine-package":
      return `Alpine's package ${source.name} in ${source.branch}`;
    case "fixed":
      return "the recipe";
  }
}
