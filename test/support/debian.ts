/** Packages of any of Debian's suites, unpacked into a folder: nothing of the machine's own apt is changed. */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { makeDebianTree, resolveDebian } from "../../builder/rootfs/debian/debian.ts";
import type { Arch } from "../../schema/index.ts";

const CACHE = fileURLToPath(new URL("../../.cache/downloads", import.meta.url));

export interface DebianPackages {
  readonly suite: string;
  readonly packages: readonly string[];
  /** Whether all comes along that they need, down to the C library. */
  readonly withDependencies?: boolean;
  /** Default: x86-64. */
  readonly arch?: Arch;
}

/** Unpacks packages at `root`, which is there when they are all there. */
export async function unpackDebian(
  root: string,
  { suite, packages, withDependencies, arch = "x86-64" }: DebianPackages,
): Promise<void> {
  await mkdir(dirname(root), { recursive: true });
  const spec = { suite, packages, arch, state: "unpacked" } as const;
  const options = { cache: CACHE, env: process.env };
  const all = await resolveDebian(spec, options);
  const chosen = withDependencies ? all : all.filter(({ name }) => packages.includes(name));
  await makeDebianTree(spec, root, { ...options, packages: chosen }).catch(async (error) => {
    // Another run may have been faster; its copy is as good.
    if (!(await exists(root))) throw error;
  });
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
