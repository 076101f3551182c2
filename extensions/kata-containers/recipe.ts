/** Kata Containers: upstream's static build, moved out of /opt. */
import {
  defineExtension,
  extract,
  githubAsset,
  githubDigest,
  githubReleases,
  isAtLeast,
  symlink,
} from "../../builder/recipe/index.ts";

const REPOSITORY = "kata-containers/kata-containers";
/** What is looked for by name: containerd starts the shim. */
const PROGRAMS = ["containerd-shim-kata-v2", "kata-collect-data.sh", "kata-runtime"];

export default defineExtension({
  description: "Containers in virtual machines of their own, for containerd",
  homepage: "https://katacontainers.io",
  kind: "containers",
  versions: githubReleases(REPOSITORY, { exclude: /-/ }),
  publish: ["latest"],
  downloads: ({ version, tag, goArch }) => {
    const suffix = isAtLeast(version, "3.21.0") ? "zst" : "xz";
    return [
      {
        url: githubAsset(REPOSITORY, tag, `kata-static-${version}-${goArch}.tar.${suffix}`),
        verify: githubDigest(),
        install: extract("usr/lib/kata", { strip: 2, only: ["opt/kata"] }),
      },
    ];
  },
  tree: () => PROGRAMS.map((name) => symlink(`usr/bin/${name}`, `../lib/kata/bin/${name}`)),
  provides: [
    "usr/bin/containerd-shim-kata-v2",
    "usr/bin/kata-runtime",
    "usr/lib/kata/bin/containerd-shim-kata-v2",
    "usr/lib/kata/bin/kata-runtime",
    "usr/lib/kata/share/defaults/kata-containers",
    "usr/lib/tmpfiles.d/kata-containers.conf",
  ],
  smoke: ({ version }) => [
    { run: ["kata-runtime", "--version"], prints: version },
    { run: ["containerd-shim-kata-v2", "--version"], prints: version },
  ],
  host: {
    // A shim of one version does not look after machines of another.
    activation: "reboot",
    needs: [{ extension: "containerd", version: "2.2.5" }],
    links: [{ path: "/opt/kata", target: "/usr/lib/kata" }],
    files: [
      {
        path: "/etc/containerd/conf.d/kata-containers.toml",
        text: `version = 3
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]
runtime_type = "io.containerd.kata.v2"
privileged_without_host_devices = true
`,
      },
    ],
  },
});
