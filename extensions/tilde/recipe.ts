/** The text editor tilde, out of Debian's package. */
import { debianPackage, debianRootfs, defineExtension, flix } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "Text editor for the console, with menus",
  homepage: "https://os.ghalkes.nl/tilde/",
  kind: "development",
  versions: debianPackage("tilde", "bookworm"),
  publish: ["latest", "1.1.2"],
  build: ({ version, unameArch }) => {
    const libraries = `/usr/lib/${unameArch}-linux-gnu`;
    return [
      // Debian only recommends libxcb1, which its clipboard needs.
      flix(debianRootfs({ suite: "bookworm", packages: [`tilde=${version}-*`, "libxcb1"] }), [
        "/usr/bin/tilde",
        // Character sets and terminals, which it loads while it runs.
        `${libraries}/libt3widget`,
        `${libraries}/transcript1`,
      ]),
    ];
  },
  provides: ["usr/bin/tilde"],
  smoke: ({ version }) => [{ run: ["tilde", "--version"], prints: `Tilde version ${version}` }],
  host: { activation: "refresh" },
});
