/** The tracer of system calls strace, out of Debian's package. */
import { debianPackage, debianRootfs, defineExtension, flix } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "Shows what a program asks of the kernel",
  homepage: "https://strace.io",
  kind: "diagnostics",
  versions: debianPackage("strace", "trixie"),
  publish: ["latest"],
  build: ({ version }) => [
    flix(debianRootfs({ suite: "trixie", packages: [`strace=${version}-*`] }), [
      "/usr/bin/strace",
      "/usr/bin/strace-log-merge",
    ]),
  ],
  provides: ["usr/bin/strace"],
  smoke: ({ version }) => [{ run: ["strace", "--version"], prints: `strace -- version ${upstream(version)}` }],
  host: { activation: "refresh" },
});

/** `6.13` of `6.13+ds`, as which Debian has it without some of its documents. */
function upstream(version: string): string {
  return version.replace(/\+.*/, "");
}
