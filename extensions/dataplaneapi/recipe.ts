/** HAProxy's Data Plane API, beside the extension haproxy. */
import { checksumFile, defineExtension, extract, githubAsset, githubReleases } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "HAProxy Data Plane API: configures HAProxy by REST",
  homepage: "https://www.haproxy.com/documentation/haproxy-data-plane-api/",
  kind: "networking",
  versions: githubReleases("haproxytech/dataplaneapi", { include: /^v\d+\.\d+\.\d+$/ }),
  publish: ["latest"],
  reload: true,
  downloads: ({ bareVersion, tag, arch, unameArch }) => {
    const word = arch === "arm64" ? "arm64" : unameArch;
    return [
      {
        url: githubAsset("haproxytech/dataplaneapi", tag, `dataplaneapi_${bareVersion}_linux_${word}.tar.gz`),
        verify: checksumFile(githubAsset("haproxytech/dataplaneapi", tag, "checksums.txt")),
        install: extract("usr/bin", { only: ["dataplaneapi"] }),
      },
    ];
  },
  provides: [
    "usr/bin/dataplaneapi",
    "usr/lib/systemd/system/dataplaneapi.service",
    "usr/lib/tmpfiles.d/10-dataplaneapi.conf",
    "usr/share/dataplaneapi/dataplaneapi.yml",
  ],
  smoke: ({ bareVersion }) => [{ run: ["dataplaneapi", "--version"], prints: bareVersion }],
  host: {
    activation: { restart: ["dataplaneapi.service"] },
    enable: ["dataplaneapi.service"],
    needs: [{ extension: "haproxy", version: "3.2.5" }],
  },
});
