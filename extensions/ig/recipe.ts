/** Inspektor Gadget's programs for a single machine: `ig`, and `gadgetctl` for one that runs `ig daemon`. */
import { checksumFile, defineExtension, extract, githubAsset, githubReleases } from "../../builder/recipe/index.ts";

const REPOSITORY = "inspektor-gadget/inspektor-gadget";

export default defineExtension({
  description: "Inspektor Gadget: see with eBPF what containers and hosts do",
  homepage: "https://inspektor-gadget.io",
  kind: "diagnostics",
  versions: githubReleases(REPOSITORY),
  publish: ["latest"],
  downloads: ({ tag, goArch }) =>
    ["ig", "gadgetctl"].map((name) => ({
      url: githubAsset(REPOSITORY, tag, `${name}-linux-${goArch}-${tag}.tar.gz`),
      verify: checksumFile(githubAsset(REPOSITORY, tag, `inspektor-gadget-${tag}_checksums.txt`)),
      install: extract("usr/bin", { only: [name] }),
    })),
  provides: ["usr/bin/ig", "usr/bin/gadgetctl"],
  smoke: ({ version }) => [{ run: ["ig", "version"], prints: version }],
  // Whoever calls them next has the new ones.
  host: { activation: "refresh" },
});
