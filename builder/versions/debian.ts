/** Debian's packages, out of the lists that its archive signs: the very ones that trees are made of. */
import type { VersionSource } from "../recipe/index.ts";
import type { AptOptions } from "../rootfs/debian/apt.ts";
import { NoPackageError } from "../rootfs/debian/apt-errors.ts";
import { resolveDebian } from "../rootfs/debian/debian.ts";
import { upstreamPart } from "../rootfs/debian/spec.ts";
import type { Progress } from "../system/progress.ts";

type DebianPackage = Extract<VersionSource, { kind: "debian-package" }>;

export interface DebianLists extends AptOptions {
  readonly progress: Pick<Progress, "step" | "note">;
}

/**
 * The upstream part of what each suite has, of x86-64. Debian drops packages from one release to the next: a suite that
 * has none is passed over.
 * @throws UserError for a suite that is not there, or where no suite has the package; and what `resolveDebian` throws
 */
export async function debianVersions({ name, suites }: DebianPackage, lists: DebianLists): Promise<string[]> {
  const versions: string[] = [];
  const lacks: NoPackageError[] = [];
  for (const suite of suites) {
    const found = await versionIn(suite, name, lists);
    if (typeof found === "string") versions.push(upstreamPart(found));
    else lacks.push(found);
  }
  const [lack] = lacks;
  if (versions.length === 0 && lack !== undefined) throw lack;
  for (const { details } of lacks) lists.progress.note(`${details.suite} has no ${name}`);
  return versions;
}

async function versionIn(suite: string, name: string, lists: DebianLists): Promise<string | NoPackageError> {
  const spec = { suite, arch: "x86-64", packages: [name], state: "unpacked" } as const;
  try {
    const found = await lists.progress.step(
      `Asking Debian's ${suite}`,
      () => resolveDebian(spec, lists),
      () => "",
    );
    const version = found.find((each) => each.name === name)?.version;
    return version ?? new NoPackageError(`there is no package ${name}`, { details: { suite } });
  } catch (error) {
    if (error instanceof NoPackageError) return error;
    throw error;
  }
}
