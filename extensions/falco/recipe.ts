/** Runtime security by eBPF, out of upstream's signed package for Debian. */
import { defineExtension, extract, githubReleases, signedBy } from "../../builder/recipe/index.ts";

const UNITS = "usr/local/lib/systemd/system";

export default defineExtension({
  description: "Falco: notices what should not happen on a running system",
  homepage: "https://falco.org/",
  kind: "security",
  // Releases with a `v` are those of an old scheme.
  versions: githubReleases("falcosecurity/falco", { include: /^\d+\.\d+\.\d+$/ }),
  publish: ["latest", "0.39.1"],
  reload: true,
  downloads: ({ version, unameArch }) => {
    // Unlike the tarball with the same files it is signed.
    const url = `https://download.falco.org/packages/deb/stable/falco-${version}-${unameArch}.deb`;
    const verify = signedBy("falco", `${url}.asc`);
    return [
      { url, verify, install: extract("usr", { strip: 1, only: ["usr/bin", "usr/share/falco", "usr/src"] }) },
      // For /etc, which no image may have.
      { url, verify, install: extract("usr/share/falco", { only: ["etc/falco", "etc/falcoctl"] }) },
    ];
  },
  provides: [
    "usr/bin/falco",
    "usr/bin/falcoctl",
    "usr/share/falco/etc/falco/falco.yaml",
    "usr/share/falco/etc/falco/falco_rules.yaml",
    "usr/share/falco/etc/falcoctl/falcoctl.yaml",
    `${UNITS}/falco-modern-bpf.service`,
    `${UNITS}/falcoctl-artifact-follow.service`,
    "usr/lib/tmpfiles.d/10-falco.conf",
  ],
  smoke: ({ version }) => [{ run: ["falco", "--version"], prints: version }],
  host: { activation: { restart: ["falco-modern-bpf.service"] }, enable: [`${UNITS}/falco-modern-bpf.service`] },
});
