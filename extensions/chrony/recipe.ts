/** The NTP client and server chrony, compiled from its signed source. */
import {
  defineExtension,
  flix,
  gitlabTags,
  pinnedDebian,
  signedBy,
  symlink,
  unpack,
} from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "NTP client and server, with NTS",
  homepage: "https://chrony-project.org",
  kind: "system",
  // Its number, 39973492, is chrony/chrony at gitlab.com.
  versions: gitlabTags("gitlab.com", "chrony/chrony", { include: /^\d+(?:\.\d+)+$/ }),
  publish: ["latest", "4.8"],
  downloads: ({ version }) => {
    const folder = "https://chrony-project.org/releases";
    return [
      {
        url: `${folder}/chrony-${version}.tar.gz`,
        verify: signedBy("chrony", `${folder}/chrony-${version}-tar-gz-asc.txt`),
        install: unpack(".", { strip: 1 }),
      },
    ];
  },
  build: () => [
    flix(
      pinnedDebian(
        "build-essential",
        "pkgconf",
        "libcap-dev",
        "libedit-dev",
        "libgnutls28-dev",
        "libseccomp-dev",
        "nettle-dev",
      ),
      ["/usr/bin/chronyc", "/usr/bin/chronyd"],
      { script: "build.sh" },
    ),
  ],
  // The name that the documentation of other bakeries enables.
  tree: () => [symlink("usr/lib/systemd/system/chrony.service", "chronyd.service")],
  reload: true,
  provides: ["usr/bin/chronyc", "usr/bin/chronyd", "usr/lib/systemd/system/chronyd.service"],
  smoke: ({ version }) => [
    { run: ["chronyd", "--version"], prints: `chronyd (chrony) version ${version} ` },
    // Time that the network authenticates.
    { run: ["chronyd", "--version"], prints: "+NTS" },
    { run: ["chronyc", "--version"], prints: `chronyc (chrony) version ${version} ` },
  ],
  host: {
    activation: { restart: ["chronyd.service"] },
    enable: ["chronyd.service"],
    mask: ["systemd-timesyncd.service"],
    files: [
      {
        path: "/etc/chrony/chrony.conf",
        text: `pool 0.flatcar.pool.ntp.org iburst
pool 1.flatcar.pool.ntp.org iburst
pool 2.flatcar.pool.ntp.org iburst
driftfile /var/lib/chrony/drift
makestep 1.0 3
rtcsync
`,
      },
    ],
  },
});
