/** RKE2: Rancher's Kubernetes. Which part of a cluster a machine plays is its operator's choice. */
import {
  checksumFile,
  defineExtension,
  everyVersion,
  extract,
  githubAsset,
  githubReleases,
  kubernetesSchedule,
  matching,
  patchLevel,
} from "../../builder/recipe/index.ts";

const UNITS = "lib/systemd/system";

export default defineExtension({
  description: "Rancher's Kubernetes distribution, as server or agent",
  homepage: "https://docs.rke2.io",
  kind: "orchestration",
  versions: githubReleases("rancher/rke2", { include: /^v[\d.]+\+rke2r\d+$/ }),
  latest: matching(kubernetesSchedule()),
  publish: ["latest", "v1.32.2+rke2r1"],
  transfers: [everyVersion(), patchLevel()],
  reload: true,
  downloads: ({ tag, goArch }) => [
    {
      url: githubAsset("rancher/rke2", tag, `rke2.linux-${goArch}.tar.gz`),
      verify: checksumFile(githubAsset("rancher/rke2", tag, `sha256sum-${goArch}.txt`)),
      // Not the script that takes it off a machine, for an image is taken off otherwise.
      install: extract("usr/local", { only: ["bin/rke2", "bin/rke2-killall.sh", UNITS, "share/rke2"] }),
    },
  ],
  provides: [
    "usr/local/bin/rke2",
    "usr/local/bin/rke2-killall.sh",
    `usr/local/${UNITS}/rke2-server.service`,
    `usr/local/${UNITS}/rke2-agent.service`,
  ],
  smoke: ({ version }) => [{ run: ["rke2", "--version"], prints: version }],
  host: {
    // Pods would not survive another version below them.
    activation: "reboot",
    enable: [`usr/local/${UNITS}/rke2-server.service`],
    staysInSeries: true,
  },
});
