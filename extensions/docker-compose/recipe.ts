/** Compose as a plugin of the Docker CLI. */
import { binary, checksumFile, defineExtension, githubAsset, githubReleases } from "../../builder/recipe/index.ts";

const PLUGIN = "usr/local/lib/docker/cli-plugins/docker-compose";

export default defineExtension({
  description: "Docker CLI plugin to define and run multi-container applications",
  homepage: "https://docs.docker.com/compose/",
  kind: "containers",
  versions: githubReleases("docker/compose", { prefix: "v" }),
  publish: ["latest", "2.22.0", "2.24.5"],
  downloads: ({ tag, unameArch }) => {
    const url = githubAsset("docker/compose", tag, `docker-compose-linux-${unameArch}`);
    const verify = checksumFile(githubAsset("docker/compose", tag, "checksums.txt"));
    return [{ url, verify, install: binary(PLUGIN) }];
  },
  provides: [PLUGIN],
  // As a plugin it needs Docker's own command line; it runs without, too.
  smoke: ({ version }) => [{ run: [`/${PLUGIN}`, "version"], prints: version }],
  // Whoever calls it next has the new one.
  host: { activation: "refresh" },
});
