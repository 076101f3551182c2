/** CRI-O with all that it starts, as upstream bundles it; upstream's own installer is not run. */
import {
  CNI_PROGRAMS,
  checksumFile,
  defineExtension,
  githubReleases,
  replace,
  take,
} from "../../builder/recipe/index.ts";

const ETC = "usr/share/crio/etc";
const CNI = "usr/share/crio/cni";
const UNIT = "usr/lib/systemd/system/crio.service";

/** As upstream's installer has it for the prefix `/usr`, and what it puts into `/etc` and `/opt` below `/usr/share/crio`. */
const PLACES = {
  ...within("bin", "usr/bin", ["crictl", "crio", "pinns"]),
  // Where upstream's configuration looks for them; other runtimes of the host have the same names.
  ...within("bin", "usr/libexec/crio", ["conmon", "conmonrs", "crun", "runc"]),
  ...within("cni-plugins", `${CNI}/bin`, CNI_PROGRAMS),
  // Of these each version has one.
  ...within("contrib", `${CNI}/etc/net.d`, ["10-crio-bridge.conflist.disabled", "11-crio-ipv4-bridge.conflist"]),
  "cri-o/contrib/crio.service": UNIT,
  "cri-o/contrib/policy.json": `${ETC}/crio/policy.json`,
  "cri-o/contrib/registries.conf": `${ETC}/containers/registries.conf.d/registries.conf`,
  "cri-o/etc/10-crio.conf": `${ETC}/crio/crio.conf.d/10-crio.conf`,
  "cri-o/etc/crictl.yaml": `${ETC}/crictl.yaml`,
  "cri-o/etc/crio": `${ETC}/sysconfig/crio`,
  "cri-o/etc/crio-umount.conf": "usr/share/oci-umount/oci-umount.d/crio-umount.conf",
};

export default defineExtension({
  description: "The container runtime CRI-O, made for Kubernetes",
  homepage: "https://cri-o.io",
  kind: "containers",
  // Older ones are laid out in other ways, and no longer supported.
  versions: githubReleases("cri-o/cri-o", { include: /^v1\.[3-9]\d\.\d+$/ }),
  publish: ["latest"],
  upholds: ["crio.service"],
  downloads: ({ version, goArch }) => {
    const url = `https://storage.googleapis.com/cri-o/artifacts/cri-o.${goArch}.${version}.tar.gz`;
    return [{ url, verify: checksumFile(`${url}.sha256sum`), install: take(PLACES) }];
  },
  tree: () => [replace(UNIT, "/usr/local/bin/crio", "/usr/bin/crio")],
  provides: [
    "usr/bin/crictl",
    "usr/bin/crio",
    "usr/bin/pinns",
    "usr/libexec/crio/conmon",
    "usr/libexec/crio/crun",
    "usr/libexec/crio/runc",
    `${CNI}/bin/bridge`,
    `${CNI}/bin/loopback`,
    `${ETC}/crictl.yaml`,
    `${ETC}/crio/policy.json`,
    `${ETC}/crio/crio.conf.d/10-crio.conf`,
    `${ETC}/containers/registries.conf.d/registries.conf`,
    `${ETC}/sysconfig/crio`,
    UNIT,
  ],
  smoke: ({ bareVersion }) => [
    { run: ["crio", "--version"], prints: bareVersion },
    { run: ["/usr/libexec/crio/crun", "--version"], prints: "crun" },
    { run: ["/usr/libexec/crio/conmon", "--version"], prints: "conmon" },
  ],
  // Pods would not survive a runtime of another version below them.
  host: { activation: "reboot" },
});

function within(folder: string, path: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [`cri-o/${folder}/${name}`, `${path}/${name}`]));
}
