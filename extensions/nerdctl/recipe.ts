/** nerdctl: containerd's command line in the manner of Docker's. Network plugins come along if asked for. */
import {
  CNI_PLUGINS,
  checksumFile,
  cniPlugins,
  defineExtension,
  extract,
  file,
  githubAsset,
  githubReleases,
  onlyIfAsked,
} from "../../builder/recipe/index.ts";

const PROGRAMS = ["nerdctl", "containerd-rootless.sh", "containerd-rootless-setuptool.sh"];
const PLUGINS = "usr/libexec/cni";
const ETC = "usr/share/nerdctl/etc";

export default defineExtension({
  description: "Docker-compatible command line for containerd",
  homepage: "https://github.com/containerd/nerdctl",
  kind: "containers",
  versions: githubReleases("containerd/nerdctl"),
  publish: ["latest"],
  bundled: { cni: onlyIfAsked(githubReleases(CNI_PLUGINS), { option: "with-cni" }) },
  downloads: ({ tag, bareVersion, goArch, bundled: { cni } }) => [
    {
      url: githubAsset("containerd/nerdctl", tag, `nerdctl-${bareVersion}-linux-${goArch}.tar.gz`),
      verify: checksumFile(githubAsset("containerd/nerdctl", tag, "SHA256SUMS")),
      install: extract("usr/bin", { only: PROGRAMS }),
    },
    ...(cni === undefined ? [] : [cniPlugins(PLUGINS, { version: cni, goArch })]),
  ],
  tree: ({ bundled: { cni } }) => (cni === undefined ? [] : network(cni)),
  provides: ["usr/bin/nerdctl", "usr/bin/containerd-rootless.sh", "usr/bin/containerd-rootless-setuptool.sh"],
  smoke: ({ bareVersion }) => [{ run: ["nerdctl", "--version"], prints: bareVersion }],
  // Whoever calls it next has the new one.
  host: { activation: "refresh" },
});

/** The plugins' version, and what makes nerdctl use them: in /etc, where it looks, it is put at boot. */
function network(cni: string) {
  const conflist = "cni/net.d/10-containerd-net.conflist";
  return [
    file("usr/share/nerdctl/nerdctl-cni-version", `${cni}\n`),
    file(`${ETC}/nerdctl.toml`, `cni_path = "/${PLUGINS}"\n`),
    file(`${ETC}/${conflist}`, `${JSON.stringify(CONTAINERD_NET, null, 2)}\n`),
    file(
      "usr/lib/tmpfiles.d/10-nerdctl-etc.conf",
      `# Copied where there is none yet.
C /etc/nerdctl/nerdctl.toml - - - - /${ETC}/nerdctl.toml
C /etc/${conflist} - - - - /${ETC}/${conflist}
`,
    ),
  ];
}

/** https://www.cni.dev/plugins/current/main/bridge/ */
const CONTAINERD_NET = {
  cniVersion: "1.0.0",
  name: "containerd-net",
  plugins: [
    {
      type: "bridge",
      bridge: "cni0",
      isGateway: true,
      ipMasq: true,
      promiscMode: true,
      ipam: {
        type: "host-local",
        // Nobody else's: private by RFC 1918, unique local by RFC 4193.
        ranges: [[{ subnet: "10.88.0.0/16" }], [{ subnet: "fd5b:c3a8:9e17::/64" }]],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
      },
    },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
};
