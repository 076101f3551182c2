/** A recipe to start from: copy this folder to `extensions/<name>` and change what is here. */
import { binary, checksumFile, defineExtension, githubAsset, githubReleases } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "One line that says what it is",
  homepage: "https://example.org/",
  // Version 1.2.0 is upstream's tag v1.2.0.
  versions: githubReleases("example/hello", { prefix: "v" }),
  publish: ["latest"],
  downloads: ({ tag, goArch }) => {
    const url = githubAsset("example/hello", tag, `hello-linux-${goArch}`);
    return [{ url, verify: checksumFile(`${url}.sha256`), install: binary("usr/bin/hello") }];
  },
  // Without it the image could be empty and nobody would notice.
  provides: ["usr/bin/hello"],
});
