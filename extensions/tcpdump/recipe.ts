/** The packet analyzer tcpdump, out of Debian's package. */
import { debianPackage, debianRootfs, defineExtension, flix } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "Shows and records what goes over a network",
  homepage: "https://www.tcpdump.org",
  kind: "diagnostics",
  versions: debianPackage("tcpdump", "trixie"),
  publish: ["latest"],
  build: ({ version }) => [
    flix(debianRootfs({ suite: "trixie", packages: [`tcpdump=${version}-*`] }), [
      "/usr/bin/tcpdump:/usr/libexec/tcpdump",
    ]),
  ],
  provides: ["usr/bin/tcpdump", "usr/libexec/tcpdump"],
  smoke: ({ version }) => [{ run: ["tcpdump", "--version"], prints: `tcpdump version ${version}` }],
  host: { activation: "refresh" },
});
