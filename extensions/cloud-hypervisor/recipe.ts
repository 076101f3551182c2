/** A virtual machine monitor and its remote control, both static. */
import { binary, defineExtension, githubAsset, githubDigest, githubReleases } from "../../builder/recipe/index.ts";

const PROGRAMS = ["cloud-hypervisor", "ch-remote"] as const;

export default defineExtension({
  description: "Cloud Hypervisor: a virtual machine monitor for cloud workloads",
  homepage: "https://www.cloudhypervisor.org/",
  kind: "virtualization",
  versions: githubReleases("cloud-hypervisor/cloud-hypervisor", { include: /^v\d+\.\d+(?:\.\d+)?$/ }),
  publish: ["latest"],
  downloads: ({ tag, arch }) =>
    PROGRAMS.map((program) => ({
      url: githubAsset(
        "cloud-hypervisor/cloud-hypervisor",
        tag,
        `${program}-static${arch === "arm64" ? "-aarch64" : ""}`,
      ),
      verify: githubDigest(),
      install: binary(`usr/bin/${program}`),
    })),
  provides: ["usr/bin/cloud-hypervisor", "usr/bin/ch-remote"],
  smoke: ({ bareVersion }) => [
    { run: ["cloud-hypervisor", "--version"], prints: bareVersion },
    { run: ["ch-remote", "--version"], prints: bareVersion },
  ],
  host: { activation: "refresh" },
});
