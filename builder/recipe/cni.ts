/** The network plugins that container runtimes call: https://www.cni.dev/plugins/current/ */
import { checksumFile, type Download, extract, githubAsset } from "./downloads.ts";
import type { Repository } from "./versions.ts";

export const CNI_PLUGINS: Repository = "containernetworking/plugins";

/** By name, for upstream's archive has its licence among them. Not every version has every one. */
const PROGRAMS = [
  ...["bandwidth", "bridge", "dhcp", "dummy", "firewall", "host-device", "host-local", "ipvlan", "loopback", "macvlan"],
  ...["portmap", "ptp", "sbr", "static", "tap", "tuning", "vlan", "vrf"],
];

/**
 * All plugins, into a folder of the image.
 * @param release `version` is upstream's tag, `v1.6.2`
 */
export function cniPlugins(
  path: string,
  { version, goArch }: { readonly version: string; readonly goArch: string },
): Download {
  const url = githubAsset(CNI_PLUGINS, version, `cni-plugins-linux-${goArch}-${version}.tgz`);
  return { url, verify: checksumFile(`${url}.sha256`), install: extract(path, { only: PROGRAMS }) };
}
