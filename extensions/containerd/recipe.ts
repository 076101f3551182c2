/** containerd, its programs linked statically, with the runc that it was made for. */
import {
  binary,
  checksumFile,
  defineExtension,
  extract,
  file,
  githubAsset,
  githubReleases,
  isAtLeast,
  newestPerMinor,
  statedAt,
} from "../../builder/recipe/index.ts";

const RUNC = "opencontainers/runc";

export default defineExtension({
  description: "The container runtime containerd, with runc",
  homepage: "https://containerd.io",
  kind: "containers",
  // The prefix leaves out the tags of its API, `api/v1.9.0`.
  versions: githubReleases("containerd/containerd", { prefix: "v" }),
  latest: newestPerMinor({ series: 5 }),
  publish: ["latest", "1.7.29", "2.0.0", "2.1.9", "2.2.5"],
  bundled: {
    runc: statedAt(
      githubReleases(RUNC),
      ({ tag }) => `https://raw.githubusercontent.com/containerd/containerd/refs/tags/${tag}/script/setup/runc-version`,
    ),
  },
  upholds: ["containerd.service"],
  downloads: ({ version, tag, goArch, bundled }) => {
    const url = githubAsset("containerd/containerd", tag, `containerd-static-${version}-linux-${goArch}.tar.gz`);
    return [
      { url, verify: checksumFile(`${url}.sha256sum`), install: extract("usr", { only: ["bin"] }) },
      {
        url: githubAsset(RUNC, bundled.runc, `runc.${goArch}`),
        verify: checksumFile(githubAsset(RUNC, bundled.runc, "runc.sha256sum")),
        install: binary("usr/bin/runc"),
      },
    ];
  },
  tree: ({ version }) => [
    file("usr/share/containerd/config.toml", config(version, { systemdCgroup: true })),
    file("usr/share/containerd/config-cgroupfs.toml", config(version, { systemdCgroup: false })),
  ],
  provides: [
    "usr/bin/containerd",
    "usr/bin/containerd-shim-runc-v2",
    "usr/bin/ctr",
    "usr/bin/runc",
    "usr/lib/systemd/system/containerd.service",
    "usr/share/containerd/config.toml",
    "usr/share/containerd/config-cgroupfs.toml",
  ],
  smoke: ({ version }) => [
    { run: ["containerd", "--version"], prints: version },
    {
      run: ["containerd", "--config", "/usr/share/containerd/config.toml", "config", "dump"],
      prints: "SystemdCgroup = true",
    },
    { run: ["runc", "--version"], prints: /^runc version / },
  ],
  host: {
    // Shims of one version are not asked by a daemon of another while containers run.
    activation: "reboot",
    // Flatcar's own containerd is an extension too, and would be merged over this one.
    links: [{ path: "/etc/extensions/containerd-flatcar.raw", target: "/dev/null" }],
  },
});

/**
 * As much as differs from containerd's defaults. 1.7 refuses the third version of the format, which 2.0 brought, and
 * in it the CRI plugin has another name.
 *
 * https://github.com/containerd/containerd/blob/main/docs/cri/config.md
 */
function config(version: string, { systemdCgroup }: { readonly systemdCgroup: boolean }): string {
  const runc = (plugin: string) => `
[plugins.'${plugin}'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins.'${plugin}'.containerd.runtimes.runc.options]
SystemdCgroup = ${systemdCgroup}
`;
  if (!isAtLeast(version, "2")) return `version = 2\noom_score = -999\n${runc("io.containerd.grpc.v1.cri")}`;
  return `version = 3
oom_score = -999
# What these say counts more than what stands here.
imports = ["/etc/containerd/conf.d/*.toml"]
${runc("io.containerd.cri.v1.runtime")}`;
}
