/** The network diagnostic mtr, out of Debian's package without its graphical interface. */
import { debianPackage, debianRootfs, defineExtension, flix } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "Traceroute and ping in one: which hop of a path loses packets",
  homepage: "https://www.bitwizard.nl/mtr/",
  kind: "diagnostics",
  versions: debianPackage("mtr-tiny", "trixie"),
  publish: ["latest"],
  build: ({ version }) => [
    flix(debianRootfs({ suite: "trixie", packages: [`mtr-tiny=${version}-*`] }), [
      "/usr/bin/mtr",
      "/usr/bin/mtr-packet",
    ]),
  ],
  provides: ["usr/bin/mtr", "usr/bin/mtr-packet"],
  smoke: ({ version }) => [{ run: ["mtr", "--version"], prints: `mtr ${version}` }],
  host: { activation: "refresh" },
});
