/** keepalived, for addresses that move between machines, compiled from its repository. */
import {
  defineExtension,
  flix,
  gitCommit,
  githubTags,
  gitTag,
  pinnedDebian,
  symlink,
  unpack,
} from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "Load balancing by LVS and failover by VRRP",
  homepage: "https://www.keepalived.org",
  kind: "networking",
  versions: githubTags("acassen/keepalived", { include: /^v\d+\.\d+\.\d+$/ }),
  publish: ["latest", "v2.3.1"],
  downloads: ({ tag }) => [
    // Tarballs have neither checksum nor signature.
    { url: gitTag("https://github.com/acassen/keepalived.git", tag), verify: gitCommit(), install: unpack() },
  ],
  build: () => [
    flix(
      pinnedDebian(
        "build-essential",
        "autoconf",
        "automake",
        "pkgconf",
        "libip4tc-dev",
        "libip6tc-dev",
        "libipset-dev",
        "libkmod-dev",
        "libmnl-dev",
        "libnftnl-dev",
        "libnl-3-dev",
        "libnl-genl-3-dev",
        "libnl-route-3-dev",
        "libpcre2-dev",
        "libssl-dev",
        "libxtables-dev",
      ),
      ["/usr/bin/keepalived"],
      { script: "build.sh" },
    ),
  ],
  // The same program, which does what its name says.
  tree: () => [symlink("usr/bin/genhash", "keepalived")],
  upholds: ["keepalived.service"],
  provides: ["usr/bin/keepalived", "usr/bin/genhash", "usr/lib/systemd/system/keepalived.service"],
  smoke: ({ version }) => [{ run: ["keepalived", "--version"], prints: `Keepalived ${version} ` }],
  host: { activation: { restart: ["keepalived.service"] } },
});
