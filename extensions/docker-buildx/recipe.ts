/** Buildx as a plugin of the Docker CLI. */
import { binary, checksumFile, defineExtension, githubAsset, githubReleases } from "../../builder/recipe/index.ts";

const PLUGIN = "usr/local/lib/docker/cli-plugins/docker-buildx";

export default defineExtension({
  description: "Docker CLI plugin to build images with BuildKit",
  homepage: "https://docs.docker.com/build/",
  kind: "containers",
  versions: githubReleases("docker/buildx", { prefix: "v" }),
  publish: ["latest", "0.25.0"],
  downloads: ({ tag, goArch }) => {
    const url = githubAsset("docker/buildx", tag, `buildx-${tag}.linux-${goArch}`);
    const verify = checksumFile(githubAsset("docker/buildx", tag, "checksums.txt"));
    return [{ url, verify, install: binary(PLUGIN) }];
  },
  provides: [PLUGIN],
  // As a plugin it needs Docker's own command line; it runs without, too.
  smoke: ({ version }) => [{ run: [`/${PLUGIN}`, "version"], prints: version }],
  // Whoever calls it next has the new one.
  host: { activation: "refresh" },
});
