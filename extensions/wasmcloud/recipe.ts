/** A host for WebAssembly components, with the NATS server that connects hosts. */
import {
  binary,
  checksumFile,
  type Download,
  defineExtension,
  extract,
  githubAsset,
  githubDigest,
  githubReleases,
  isAtLeast,
  newestOf,
  remove,
  unverified,
} from "../../builder/recipe/index.ts";

const UNITS = "usr/lib/systemd/system";

/** From 2.0.0 on upstream publishes one program for everything, which is no service by itself. */
const hasHost = ({ version }: { readonly version: string }) => !isAtLeast(version, "v2.0.0");

export default defineExtension({
  description: "wasmCloud: a distributed host for WebAssembly components, with NATS",
  homepage: "https://wasmcloud.com/",
  kind: "webassembly",
  // Its other programs and libraries have releases there as well.
  versions: githubReleases("wasmcloud/wasmcloud", { include: /^v\d+\.\d+\.\d+$/ }),
  publish: ["latest", "v1.0.0", "v1.1.1", "v1.2.1"],
  bundled: { nats: newestOf(githubReleases("nats-io/nats-server"), { option: "nats-version" }) },
  downloads: (context) => [
    {
      url: githubAsset(
        "wasmcloud/wasmcloud",
        context.tag,
        `${program(context)}-${context.unameArch}-unknown-linux-musl`,
      ),
      verify: githubDigest(unverified("upstream publishes neither checksums nor signatures")),
      install: binary(`usr/bin/${program(context)}`),
    },
    natsServer(context.bundled.nats, context.goArch),
  ],
  tree: (context) => (hasHost(context) ? [] : [remove(`${UNITS}/wasmcloud.service`)]),
  upholds: (context) => ["nats.service", ...(hasHost(context) ? ["wasmcloud.service"] : [])],
  provides: (context) => [
    `usr/bin/${program(context)}`,
    "usr/bin/nats-server",
    `${UNITS}/nats.service`,
    "usr/share/nats/nats.conf",
  ],
  smoke: (context) => [
    { run: [program(context), "--version"] },
    { run: ["nats-server", "--version"], prints: /^nats-server: v\d/m },
  ],
  // wasmcloud.service requires it, and is restarted with it.
  host: { activation: { restart: ["nats.service"] } },
});

function program(context: { readonly version: string }): string {
  return hasHost(context) ? "wasmcloud" : "wash";
}

function natsServer(version: string, goArch: string): Download {
  const name = `nats-server-${version}-linux-${goArch}`;
  return {
    url: githubAsset("nats-io/nats-server", version, `${name}.tar.gz`),
    verify: checksumFile(githubAsset("nats-io/nats-server", version, "SHA256SUMS")),
    install: extract("usr/bin", { strip: 1, only: [`${name}/nats-server`] }),
  };
}
