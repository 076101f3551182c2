/** The Workers runtime as a system service. */
import { defineExtension, extract, npmIntegrity, npmPackage, npmTarball } from "../../builder/recipe/index.ts";

const PACKAGES = { "x86-64": "@cloudflare/workerd-linux-64", arm64: "@cloudflare/workerd-linux-arm64" } as const;

export default defineExtension({
  description: "Cloudflare's JavaScript and WebAssembly runtime as a system service",
  homepage: "https://github.com/cloudflare/workerd",
  kind: "webassembly",
  // One version number for the package of the program, `workerd`, and those of its binaries.
  versions: npmPackage("workerd"),
  publish: ["latest"],
  upholds: ["workerd.service"],
  downloads: ({ version, arch }) => [
    {
      url: npmTarball(PACKAGES[arch], version),
      verify: npmIntegrity(),
      install: extract("usr", { strip: 1, only: ["package/bin/workerd"] }),
    },
  ],
  provides: [
    "usr/bin/workerd",
    "usr/lib/systemd/system/workerd.service",
    "usr/share/workerd/config.capnp",
    "usr/share/workerd/hello.js",
  ],
  smoke: [{ run: ["workerd", "--version"], prints: /^workerd \d{4}-\d\d-\d\d$/m }],
  host: { activation: { restart: ["workerd.service"] } },
});
