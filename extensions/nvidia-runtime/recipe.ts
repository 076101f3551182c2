/** NVIDIA's container toolkit, out of the packages of its releases. */
import {
  checksumFile,
  container,
  defineExtension,
  githubAsset,
  githubReleases,
  pinnedDebian,
  symlink,
  unpack,
} from "../../builder/recipe/index.ts";

const REPOSITORY = "NVIDIA/nvidia-container-toolkit";

export default defineExtension({
  description: "GPUs of NVIDIA for containers of Docker and containerd",
  homepage: "https://github.com/NVIDIA/nvidia-container-toolkit",
  kind: "containers",
  versions: githubReleases(REPOSITORY),
  publish: ["latest", "v1.18.1"],
  downloads: ({ tag, bareVersion, goArch }) => {
    const asset = (rest: string) => githubAsset(REPOSITORY, tag, `nvidia-container-toolkit_${bareVersion}_${rest}`);
    return [
      {
        url: asset(`deb_${goArch}.tar.gz`),
        verify: checksumFile(asset("checksums.txt")),
        install: unpack(".", {
          strip: 4,
          only: [`release-${tag}-stable/packages/ubuntu18.04/${goArch}`],
        }),
      },
    ];
  },
  build: () => [
    container(pinnedDebian("dpkg"), {
      script: "build.sh",
    }),
  ],
  // Where Flatcar's units look for the driver that it puts into /opt/nvidia.
  tree: () => [symlink("usr/local/nvidia", "/opt/nvidia")],
  hostLinks: ["usr/local/nvidia"],
  reload: true,
  provides: [
    "usr/bin/nvidia-container-cli",
    "usr/bin/nvidia-container-runtime",
    "usr/bin/nvidia-container-runtime-hook",
    "usr/bin/nvidia-ctk",
    "usr/lib64/libnvidia-container.so.1",
    "usr/local/bin/_nvidia-runtime-helper",
  ],
  smoke: ({ bareVersion }) => [
    { run: ["nvidia-ctk", "--version"], prints: bareVersion },
    { run: ["nvidia-container-runtime", "--version"], prints: bareVersion },
  ],
  // Running containers have the runtime's files open.
  host: { activation: "reboot" },
});
