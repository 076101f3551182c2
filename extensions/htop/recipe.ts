/** The process viewer htop, out of Debian's package. */
import { debianPackage, debianRootfs, defineExtension, flix } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "Interactive viewer of processes",
  homepage: "https://htop.dev",
  kind: "diagnostics",
  versions: debianPackage("htop", "trixie"),
  publish: ["latest"],
  build: ({ version }) => [flix(debianRootfs({ suite: "trixie", packages: [`htop=${version}-*`] }), ["/usr/bin/htop"])],
  provides: ["usr/bin/htop"],
  smoke: ({ version }) => [{ run: ["htop", "--version"], prints: `htop ${version}` }],
  host: { activation: "refresh" },
});
