/** The editor Vim, out of Debian's package. */
import { debianPackage, debianRootfs, defineExtension, flix, symlink } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "The editor Vim with syntax files, help and plugins",
  homepage: "https://www.vim.org",
  kind: "development",
  versions: debianPackage("vim", "trixie"),
  publish: ["latest"],
  build: ({ version }) => [
    flix(debianRootfs({ suite: "trixie", packages: [`vim=${version}-*`] }), [
      // The name is one that Debian's alternatives choose.
      "/usr/bin/vim.basic:/usr/bin/vim",
      "/usr/bin/vimtutor",
      `/usr/share/vim/${runtimeOf(version)}`,
    ]),
  ],
  tree: () => ["ex", "rvim", "rview", "view", "vimdiff"].map((name) => symlink(`usr/bin/${name}`, "vim")),
  provides: ({ version }) => [
    "usr/bin/vim",
    "usr/bin/vimdiff",
    `usr/share/vim/${runtimeOf(version)}/syntax/syntax.vim`,
  ],
  smoke: ({ version }) => [
    { run: ["vim", "--version"], prints: `VIM - Vi IMproved ${version.split(".").slice(0, 2).join(".")}` },
    // It finds what it comes with.
    { run: ["vim", "-Nes", "-u", "NONE", "+if globpath($VIMRUNTIME, 'syntax/syntax.vim') == '' | cq | endif", "+qa!"] },
  ],
  host: { activation: "refresh" },
});

/** `vim91` of `9.1.1230`: what of it changes with each release. */
function runtimeOf(version: string): string {
  const [major, minor] = version.split(".");
  return `vim${major}${minor}`;
}
