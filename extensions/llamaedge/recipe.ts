/** A server for language models in WebAssembly, with the plugin of WasmEdge that it needs. */
import {
  binary,
  checksumFile,
  defineExtension,
  extract,
  file,
  fixed,
  githubAsset,
  githubDigest,
  githubReleases,
  newestOf,
  unverified,
} from "../../builder/recipe/index.ts";

/** A plugin fits the WasmEdge of its own version, which comes with another extension. */
const WASMEDGE = "0.14.1";

export default defineExtension({
  description: "LlamaEdge: an OpenAI-compatible server for language models, on WasmEdge",
  homepage: "https://llamaedge.com/",
  kind: "ai",
  versions: githubReleases("LlamaEdge/LlamaEdge", { include: /^\d+\.\d+\.\d+$/ }),
  publish: ["0.14.16"],
  bundled: { wasmedge: newestOf(fixed(WASMEDGE), { option: "wasmedge-version" }) },
  downloads: ({ tag, unameArch, bundled: { wasmedge } }) => [
    {
      url: githubAsset("LlamaEdge/LlamaEdge", tag, "llama-api-server.wasm"),
      verify: githubDigest(unverified("upstream publishes neither checksums nor signatures")),
      install: binary("usr/lib/wasmedge/wasm/llama-api-server.wasm"),
    },
    {
      url: githubAsset(
        "WasmEdge/WasmEdge",
        wasmedge,
        `WasmEdge-plugin-wasi_nn-ggml-${wasmedge}-ubuntu20.04_${unameArch}.tar.gz`,
      ),
      verify: checksumFile(githubAsset("WasmEdge/WasmEdge", wasmedge, "SHA256SUM")),
      install: extract("usr/lib/wasmedge", { only: ["libwasmedgePluginWasiNN.so"] }),
    },
  ],
  tree: ({ bundled: { wasmedge } }) => [file("usr/share/llamaedge/wasmedge-version", `${wasmedge}\n`)],
  provides: [
    "usr/lib/wasmedge/libwasmedgePluginWasiNN.so",
    "usr/lib/wasmedge/wasm/llama-api-server.wasm",
    "usr/share/llamaedge/wasmedge-version",
  ],
  host: { activation: "refresh", needs: [{ extension: "wasmedge", version: WASMEDGE }] },
});
