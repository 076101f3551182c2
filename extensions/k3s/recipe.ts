/** k3s: Kubernetes in one program. Which part of a cluster a machine plays is its operator's choice. */
import {
  binary,
  checksumFile,
  defineExtension,
  everyVersion,
  githubAsset,
  githubReleases,
  kubernetesSchedule,
  matching,
  patchLevel,
  symlink,
} from "../../builder/recipe/index.ts";

const UNITS = "usr/local/lib/systemd/system";

export default defineExtension({
  description: "Lightweight Kubernetes in one program, as server or agent",
  homepage: "https://k3s.io",
  kind: "orchestration",
  versions: githubReleases("k3s-io/k3s", { include: /^v[\d.]+\+k3s\d+$/ }),
  latest: matching(kubernetesSchedule()),
  publish: ["latest", "v1.32.2+k3s1"],
  transfers: [everyVersion(), patchLevel()],
  reload: true,
  downloads: ({ tag, arch, goArch }) => [
    {
      url: githubAsset("k3s-io/k3s", tag, arch === "x86-64" ? "k3s" : "k3s-arm64"),
      verify: checksumFile(githubAsset("k3s-io/k3s", tag, `sha256sum-${goArch}.txt`)),
      install: binary("usr/local/bin/k3s"),
    },
  ],
  // It goes by the name that it is called by.
  tree: () => ["kubectl", "ctr", "crictl"].map((name) => symlink(`usr/local/bin/${name}`, "./k3s")),
  provides: ["usr/local/bin/k3s", "usr/local/bin/kubectl", `${UNITS}/k3s.service`, `${UNITS}/k3s-agent.service`],
  smoke: ({ version }) => [{ run: ["k3s", "--version"], prints: version }],
  host: {
    // Pods would not survive another version below them.
    activation: "reboot",
    enable: [`${UNITS}/k3s.service`],
    staysInSeries: true,
  },
});
