/** A server for language models. */
import {
  checksumFile,
  defineExtension,
  extract,
  githubAsset,
  githubReleases,
  isAtLeast,
} from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "Ollama: runs language models on this machine",
  homepage: "https://ollama.com/",
  kind: "ai",
  versions: githubReleases("ollama/ollama", { include: /^v\d+\.\d+\.\d+$/ }),
  publish: ["latest"],
  downloads: ({ version, tag, goArch }) => {
    const ending = isAtLeast(version, "v0.14.0") ? "tar.zst" : "tgz";
    return [
      {
        url: githubAsset("ollama/ollama", tag, `ollama-linux-${goArch}.${ending}`),
        verify: checksumFile(githubAsset("ollama/ollama", tag, "sha256sum.txt")),
        install: extract("usr/local", { only: ["bin/ollama", "lib/ollama"] }),
      },
    ];
  },
  upholds: ["ollama.service"],
  provides: ["usr/local/bin/ollama", "usr/local/lib/ollama", "usr/lib/systemd/system/ollama.service"],
  smoke: ({ bareVersion }) => [{ run: ["ollama", "--version"], prints: bareVersion }],
  host: { activation: { restart: ["ollama.service"] } },
});
