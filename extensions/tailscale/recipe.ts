/** Tailscale's daemon and command line, from its own package server. */
import { checksumFile, defineExtension, extract, githubReleases, replace } from "../../builder/recipe/index.ts";

const UNITS = "usr/lib/systemd/system";
const DEFAULTS = "usr/share/tailscale";

export default defineExtension({
  description: "Tailscale: a mesh VPN on WireGuard",
  homepage: "https://tailscale.com/",
  kind: "networking",
  // Odd minor versions are unstable ones.
  versions: githubReleases("tailscale/tailscale", { include: /^v\d+\.\d*[02468]\.\d+$/ }),
  publish: ["latest", "v1.76.6"],
  downloads: ({ bareVersion, goArch }) => {
    const folder = `tailscale_${bareVersion}_${goArch}`;
    const url = `https://pkgs.tailscale.com/stable/${folder}.tgz`;
    const take = (path: string, strip: number, ...members: string[]) => ({
      url,
      verify: checksumFile(`${url}.sha256`),
      install: extract(path, { strip, only: members.map((member) => `${folder}/${member}`) }),
    });
    return [
      take("usr/bin", 1, "tailscale", "tailscaled"),
      take(UNITS, 2, "systemd/tailscaled.service"),
      take(DEFAULTS, 2, "systemd/tailscaled.defaults"),
    ];
  },
  // Programs of an image are in /usr/bin, wherever /usr/sbin leads.
  tree: () => [replace(`${UNITS}/tailscaled.service`, "/usr/sbin/tailscaled", "/usr/bin/tailscaled")],
  upholds: ["tailscaled.service"],
  provides: [
    "usr/bin/tailscale",
    "usr/bin/tailscaled",
    `${UNITS}/tailscaled.service`,
    `${DEFAULTS}/tailscaled.defaults`,
    "usr/lib/systemd/network/50-tailscale.network",
    "usr/lib/tmpfiles.d/10-tailscale.conf",
  ],
  smoke: ({ bareVersion }) => [
    { run: ["tailscale", "version"], prints: bareVersion },
    { run: ["tailscaled", "--version"], prints: bareVersion },
  ],
  host: { activation: { restart: ["tailscaled.service"] } },
});
