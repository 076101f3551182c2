/** The routing daemon BIRD, compiled from its repository. */
import {
  defineExtension,
  flix,
  gitCommit,
  gitlabTags,
  gitTag,
  pinnedDebian,
  unpack,
} from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "BIRD, an internet routing daemon for BGP, OSPF, RIP and more",
  homepage: "https://bird.nic.cz",
  kind: "networking",
  versions: gitlabTags("gitlab.nic.cz", "labs/bird", { prefix: "v", include: /^v\d+(?:\.\d+)+$/ }),
  publish: ["latest", "3.1.2"],
  downloads: ({ tag }) => [
    // Tarballs have neither checksum nor signature.
    { url: gitTag("https://gitlab.nic.cz/labs/bird.git", tag), verify: gitCommit(), install: unpack() },
  ],
  build: () => [
    flix(
      pinnedDebian(
        "build-essential",
        "autoconf",
        "bison",
        "flex",
        "m4",
        "libncurses-dev",
        "libreadline-dev",
        "libssh-dev",
      ),
      ["/usr/bin/bird", "/usr/bin/birdc", "/usr/bin/birdcl"],
      { script: "build.sh" },
    ),
  ],
  upholds: ["bird.path"],
  provides: [
    "usr/bin/bird",
    "usr/bin/birdc",
    "usr/bin/birdcl",
    "usr/lib/systemd/system/bird.service",
    "usr/lib/systemd/system/bird.path",
  ],
  smoke: ({ version }) => [{ run: ["bird", "--version"], prints: `BIRD version ${version}` }],
  host: {
    // Routes of a restarted daemon go and come back.
    activation: "reboot",
    files: [
      {
        path: "/etc/bird/bird.conf",
        text: `log syslog all;
router id 192.0.2.1;

protocol device {
}

protocol direct {
  ipv4;
  ipv6;
}

protocol kernel {
  ipv4 { export all; };
}

protocol kernel {
  ipv6 { export all; };
}

protocol static {
  ipv4;
}
`,
      },
    ],
  },
});
