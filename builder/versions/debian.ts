/** Debian's packages, out of the lists that its archive signs: the very ones that trees are made of. */
import type { VersionSource } from "../recipe/index.ts";
import type { AptOptions } from "../rootfs/debian/apt.ts";
import { resolveDebian } from "../rootfs/debian/debian.ts";
import { NotFoundError } from "../system/errors.ts";
import type { Progress } from "../system/progress.ts";

type DebianPackage = Extract<VersionSource, { kind: "debian-package" }>;

export interface DebianLists extends AptOptions {
  readonly progress: Pick<Progress, "step">;
}

/**
 * The upstream part of what each suite has, of x86-64.
 * @throws UserError for a suite, or a package in one of them, that is not there; and what `resolveDebian` throws
 */
export async function debianVersions({ name, suites }: DebianPackage, lists: DebianLists): Promise<string[]> {
  const versions: string[] = [];
  for (const suite of suites) {
    const spec = { suite, arch: "x86-64", packages: [name], state: "unpacked" } as const;
    const found = await lists.progress.step(
      `Asking Debian's ${suite}`,
      () => resolveDebian(spec, lists),
      () => "",
    );
    const one = found.find((each) => each.name === name);
    if (one === undefined) throw new NotFoundError(`${suite} has no package ${name}`, { details: { suite } });
    versions.push(upstreamPart(one.version));
  }
  return versions;
}

/** Debian Policy 5.6.12: `[epoch:]upstream-version[-debian-revision]`; and `+b1`, built anew, which a native one may have. */
export function upstreamPart(version: string): string {
  return version
    .replace(/^[0-9]+:/, "")
    .replace(/-[^-]*$/, "")
    .replace(/\+b[0-9]+$/, "");
}
