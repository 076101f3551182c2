/** Slack's overlay network as a service. */
import { checksumFile, defineExtension, extract, githubAsset, githubReleases } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "Nebula: an overlay network with certificates",
  homepage: "https://nebula.defined.net/docs/",
  kind: "networking",
  versions: githubReleases("slackhq/nebula"),
  publish: ["latest", "v1.9.5"],
  downloads: ({ tag, goArch }) => [
    {
      url: githubAsset("slackhq/nebula", tag, `nebula-linux-${goArch}.tar.gz`),
      // It has lines for what is in the archives as well.
      verify: checksumFile(githubAsset("slackhq/nebula", tag, "SHASUM256.txt")),
      install: extract("usr/bin", { only: ["nebula", "nebula-cert"] }),
    },
  ],
  upholds: ["nebula.path"],
  provides: [
    "usr/bin/nebula",
    "usr/bin/nebula-cert",
    "usr/lib/systemd/system/nebula.service",
    "usr/lib/systemd/system/nebula.path",
  ],
  smoke: ({ bareVersion }) => [
    { run: ["nebula", "-version"], prints: bareVersion },
    { run: ["nebula-cert", "-version"], prints: bareVersion },
  ],
  host: { activation: { restart: ["nebula.service"] } },
});
