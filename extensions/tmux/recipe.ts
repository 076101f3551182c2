/** The terminal multiplexer tmux, out of Debian's package. */
import { debianPackage, debianRootfs, defineExtension, flix } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "Terminals that go on when a connection ends",
  homepage: "https://github.com/tmux/tmux/wiki",
  kind: "development",
  versions: debianPackage("tmux", "trixie"),
  publish: ["latest"],
  build: ({ version }) => [flix(debianRootfs({ suite: "trixie", packages: [`tmux=${version}-*`] }), ["/usr/bin/tmux"])],
  provides: ["usr/bin/tmux"],
  smoke: ({ version }) => [{ run: ["tmux", "-V"], prints: `tmux ${version}` }],
  host: { activation: "refresh" },
});
