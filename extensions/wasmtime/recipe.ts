/** A WebAssembly runtime. */
import {
  defineExtension,
  extract,
  githubAsset,
  githubDigest,
  githubReleases,
  unverified,
} from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "Wasmtime: a runtime for WebAssembly",
  homepage: "https://wasmtime.dev/",
  kind: "webassembly",
  versions: githubReleases("bytecodealliance/wasmtime", { include: /^v\d+\.\d+\.\d+$/ }),
  publish: ["latest", "v12.0.0", "v13.0.0", "v24.0.0"],
  downloads: ({ tag, unameArch }) => {
    const folder = `wasmtime-${tag}-${unameArch}-linux`;
    return [
      {
        url: githubAsset("bytecodealliance/wasmtime", tag, `${folder}.tar.xz`),
        verify: githubDigest(unverified("upstream publishes neither checksums nor signatures")),
        install: extract("usr/bin", { strip: 1, only: [`${folder}/wasmtime`] }),
      },
    ];
  },
  provides: ["usr/bin/wasmtime"],
  smoke: ({ bareVersion }) => [{ run: ["wasmtime", "--version"], prints: bareVersion }],
  host: { activation: "refresh" },
});
