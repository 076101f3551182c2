/** Which of the listed versions count as latest; release automation keeps those released. */
import type { VersionSource } from "./versions.ts";

export type LatestRule =
  | { readonly kind: "newest" }
  | {
      readonly kind: "newest-per-minor";
      /** How many minor series count, the newest ones; undefined: all that are listed. */
      readonly series?: number;
      /** Only minor series that are listed there too. */
      readonly among?: VersionSource;
    };

/** The newest one, which is what a recipe means that says nothing. */
export function newest(): LatestRule {
  return { kind: "newest" };
}

/** The newest version of each minor series, `1.32`, or of so many of them. */
export function newestPerMinor({ series }: { readonly series?: number } = {}): LatestRule {
  return { kind: "newest-per-minor", ...(series !== undefined && { series }) };
}

/** The newest version of each minor series that another source lists: what is made of Kubernetes, `v1.32.2+k3s1`. */
export function matching(among: VersionSource): LatestRule {
  return { kind: "newest-per-minor", among };
}
