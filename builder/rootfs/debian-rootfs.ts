/** Trees out of Debian's packages. */
import type { DebianRootfs } from "../recipe/index.ts";
import { type MakingDebian, makeDebianTree, resolveDebian } from "./debian/debian.ts";
import type { ResolvedRootfs, RootfsUse } from "./rootfs-maker.ts";

export async function debianRootfs(
  { suite, packages, archive }: DebianRootfs,
  { arch, runs }: RootfsUse,
  options: MakingDebian,
): Promise<ResolvedRootfs> {
  const wanted = { suite, arch, packages, archive, state: runs ? "installed" : "unpacked" } as const;
  const found = await resolveDebian(wanted, options);
  const named = found.map(({ name, version, architecture, sha256, size }) => {
    return { url: `deb:${name}_${version}_${architecture}`, sha256, size };
  });
  return {
    identity: named.map(({ url, sha256 }) => `${url} ${sha256}`).join("\n"),
    downloads: named.map((one) => ({ ...one, verifiedBy: "apt-archive" })),
    async make(folder, signal) {
      // Those that were found, whatever the archive has by now.
      await makeDebianTree(wanted, folder, { ...options, packages: found, signal });
    },
  };
}
