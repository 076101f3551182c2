/** Trees out of Debian's packages. */
import { constants } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import type { DebianRootfs } from "../recipe/index.ts";
import { type MakingDebian, makeDebianTree, resolveDebian } from "./debian/debian.ts";
import { fetchPackages } from "./debian/fetch-packages.ts";
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
    env: {},
    async make(folder, signal) {
      // Those that were found, whatever the archive has by now.
      await makeDebianTree(wanted, folder, { ...options, packages: found, signal });
    },
    async copyTo(cache) {
      await fetchPackages(found, options);
      // With apt's lists: offline, they are what says which packages these are.
      await cp(join(options.cache, "apt"), join(cache, "apt"), { recursive: true, mode: constants.COPYFILE_FICLONE });
    },
  };
}
