/** The resource monitor btop, compiled from its repository. */
import {
  defineExtension,
  flix,
  gitCommit,
  githubReleases,
  gitTag,
  pinnedDebian,
  unpack,
} from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "Monitor of processors, memory, disks, network and processes",
  homepage: "https://github.com/aristocratos/btop",
  kind: "diagnostics",
  versions: githubReleases("aristocratos/btop", { prefix: "v" }),
  publish: ["latest", "1.4.0"],
  downloads: ({ tag }) => [
    { url: gitTag("https://github.com/aristocratos/btop.git", tag), verify: gitCommit(), install: unpack() },
  ],
  build: () => [
    flix(pinnedDebian("build-essential"), ["/usr/bin/btop", "/usr/share/btop/themes"], { script: "build.sh" }),
  ],
  provides: ["usr/bin/btop", "usr/share/btop/themes"],
  smoke: ({ version }) => [{ run: ["btop", "--version"], prints: `btop version: ${version}` }],
  host: { activation: "refresh" },
});
