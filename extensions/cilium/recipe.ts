/** Cilium's command line, and a service that installs Cilium into a new cluster. */
import { checksumFile, defineExtension, extract, githubAsset, githubReleases } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "Command line to install, watch and test Cilium in a Kubernetes cluster",
  homepage: "https://docs.cilium.io",
  kind: "orchestration",
  versions: githubReleases("cilium/cilium-cli"),
  publish: ["latest", "v0.16.24", "v0.18.2"],
  // For cilium.service, which whoever wants it enables.
  reload: true,
  downloads: ({ tag, goArch }) => {
    const url = githubAsset("cilium/cilium-cli", tag, `cilium-linux-${goArch}.tar.gz`);
    const install = extract("usr/local/bin", { only: ["cilium"] });
    return [{ url, verify: checksumFile(`${url}.sha256sum`), install }];
  },
  provides: ["usr/local/bin/cilium", "usr/lib/systemd/system/cilium.service"],
  smoke: ({ version }) => [{ run: ["cilium", "version", "--client"], prints: version }],
  host: {
    // Whoever calls it next has the new one; what it has installed is the cluster's.
    activation: "refresh",
    dropins: [
      {
        unit: "cilium.service",
        name: "10-arguments.conf",
        text: '[Service]\nEnvironment="CILIUM_INSTALL_ARGS=--set kubeProxyReplacement=true"\n',
      },
    ],
    enable: ["cilium.service"],
  },
});
