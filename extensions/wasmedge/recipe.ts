/** A WebAssembly runtime, with its compiler and library. */
import {
  checksumFile,
  defineExtension,
  extract,
  githubAsset,
  githubReleases,
  isAtLeast,
} from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "WasmEdge: a runtime for WebAssembly, with plugins",
  homepage: "https://wasmedge.org/",
  kind: "webassembly",
  // Its plugins have releases there as well.
  versions: githubReleases("WasmEdge/WasmEdge", { include: /^\d+\.\d+\.\d+$/ }),
  publish: ["latest", "0.14.1"],
  downloads: ({ version, tag, unameArch }) => {
    // The archive has had no folder around everything since then.
    const folder = isAtLeast(version, "0.15.0") ? "" : `WasmEdge-${version}-Linux/`;
    return [
      {
        url: githubAsset("WasmEdge/WasmEdge", tag, `WasmEdge-${version}-ubuntu20.04_${unameArch}.tar.gz`),
        verify: checksumFile(githubAsset("WasmEdge/WasmEdge", tag, "SHA256SUM")),
        install: extract("usr", { strip: folder === "" ? 0 : 1, only: [`${folder}bin`, `${folder}lib`] }),
      },
    ];
  },
  provides: ["usr/bin/wasmedge", "usr/lib/libwasmedge.so"],
  smoke: ({ version }) => [{ run: ["wasmedge", "--version"], prints: version }],
  host: { activation: "refresh" },
});
