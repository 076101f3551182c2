/** Docker's engine and command line, with the containerd and runc of the same archive. */
import { choice, defineExtension, extract, htmlListing, remove, unverified } from "../../builder/recipe/index.ts";

const DOCKER = [
  "usr/bin/docker",
  "usr/bin/docker-init",
  "usr/bin/docker-proxy",
  "usr/bin/dockerd",
  "usr/lib/systemd/system/docker.service",
  "usr/lib/systemd/system/docker.socket",
  "usr/lib/systemd/system/sockets.target.d/10-docker-socket.conf",
  "usr/lib/sysusers.d/docker.conf",
] as const;

const CONTAINERD = [
  "usr/bin/containerd",
  "usr/bin/containerd-shim-runc-v2",
  "usr/bin/ctr",
  "usr/bin/runc",
  "usr/lib/systemd/system/containerd.service",
  "usr/share/containerd/config.toml",
  "usr/share/containerd/config-cgroupfs.toml",
] as const;

const BOTH = [...DOCKER, ...CONTAINERD] as const;
const isProgram = (path: string) => path.startsWith("usr/bin/");

/** What the image has. */
function pathsWithout(part: string | undefined) {
  if (part === undefined) return BOTH;
  return part === "docker" ? CONTAINERD : DOCKER;
}

export default defineExtension({
  description: "The Docker engine and its command line, with containerd and runc",
  homepage: "https://docs.docker.com/engine/",
  kind: "containers",
  // Other names there are of Docker before 2019, and of what users need who run it without root.
  versions: htmlListing(
    "https://download.docker.com/linux/static/stable/x86_64/",
    /^docker-(?<version>\d[\d.]*)\.tgz$/,
  ),
  publish: ["latest"],
  options: { without: choice("leave out a part", "docker", "containerd") },
  upholds: ({ options }) => (options.without === "containerd" ? [] : ["containerd.service"]),
  reload: true,
  downloads: ({ version, unameArch, options }) => [
    {
      url: `https://download.docker.com/linux/static/stable/${unameArch}/docker-${version}.tgz`,
      verify: unverified("Docker publishes neither checksums nor signatures of its static archives"),
      install: extract("usr/bin", {
        strip: 1,
        only: pathsWithout(options.without)
          .filter(isProgram)
          .map((path) => path.replace("usr/bin", "docker")),
      }),
    },
  ],
  tree: ({ options }) => {
    const kept: readonly string[] = pathsWithout(options.without);
    return BOTH.filter((path) => !isProgram(path) && !kept.includes(path)).map(remove);
  },
  provides: ({ options }) => pathsWithout(options.without),
  smoke: ({ version, options }) => {
    const docker = ["docker", "dockerd"].map((name) => ({ run: [name, "--version"], prints: version }) as const);
    const containerd = ["containerd", "runc"].map((name) => ({ run: [name, "--version"], prints: name }) as const);
    return [...(options.without === "docker" ? [] : docker), ...(options.without === "containerd" ? [] : containerd)];
  },
  host: {
    // Containers would not survive an engine of another version below them.
    activation: "reboot",
    // Flatcar's own Docker and containerd are extensions too, and would be merged over these.
    links: ["docker", "containerd"].map((name) => ({
      path: `/etc/extensions/${name}-flatcar.raw`,
      target: "/dev/null",
    })),
  },
});
