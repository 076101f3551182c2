/** Processor schedulers in BPF, compiled from their repository. */
import {
  defineExtension,
  flix,
  gitCommit,
  githubReleases,
  gitTag,
  pinnedDebian,
  replace,
  unpack,
  unverified,
  word,
} from "../../builder/recipe/index.ts";

const DEFAULT = "scx_bpfland";
const SETTINGS = "usr/share/scx/scx";

export default defineExtension({
  description: "Processor schedulers for the kernel's sched_ext",
  homepage: "https://github.com/sched-ext/scx",
  kind: "system",
  versions: githubReleases("sched-ext/scx"),
  publish: ["latest", "v1.1.1"],
  options: { scheduler: word("the scheduler that scx.service runs", /^scx_[a-z0-9]+$/, DEFAULT) },
  downloads: ({ tag }) => [
    { url: gitTag("https://github.com/sched-ext/scx.git", tag), verify: gitCommit(), install: unpack() },
  ],
  build: () => [
    flix(
      pinnedDebian(
        "build-essential",
        "ca-certificates",
        "cargo",
        "clang",
        "libclang-dev",
        "libelf-dev",
        "libseccomp-dev",
        "libssl-dev",
        "libzstd-dev",
        "llvm",
        "pkgconf",
        "protobuf-compiler",
        // Generated code goes through it.
        "rustfmt",
        "zlib1g-dev",
      ),
      // Which schedulers there are is upstream's affair.
      ["/opt/scx:/usr/bin"],
      { script: "build.sh", network: unverified("cargo holds each crate against the digest in Cargo.lock") },
    ),
  ],
  tree: ({ options }) => {
    const { scheduler } = options;
    return scheduler === DEFAULT ? [] : [replace(SETTINGS, `=${DEFAULT}\n`, `=${scheduler}\n`)];
  },
  reload: true,
  provides: ({ options }) => [`usr/bin/${options.scheduler}`, "usr/lib/systemd/system/scx.service", SETTINGS],
  smoke: ({ options }) => [{ run: [options.scheduler, "--version"], prints: options.scheduler }],
  host: { activation: { restart: ["scx.service"] }, enable: ["scx.service"] },
});
