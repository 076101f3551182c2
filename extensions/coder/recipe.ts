/** Coder's server and workspace proxy as services. */
import {
  checksumFile,
  defineExtension,
  extract,
  githubAsset,
  githubReleases,
  setUp,
} from "../../builder/recipe/index.ts";

const SERVICES = ["coder.service", "coder-workspace-proxy.service"] as const;

export default defineExtension({
  description: "Coder: development environments on machines of your own",
  homepage: "https://coder.com/docs",
  kind: "development",
  versions: githubReleases("coder/coder", { include: /^v\d+\.\d+\.\d+$/ }),
  publish: ["latest"],
  reload: true,
  downloads: ({ bareVersion, tag, goArch }) => [
    {
      url: githubAsset("coder/coder", tag, `coder_${bareVersion}_linux_${goArch}.tar.gz`),
      verify: checksumFile(githubAsset("coder/coder", tag, `coder_${bareVersion}_checksums.txt`)),
      install: extract("usr/bin", { only: ["coder"] }),
    },
  ],
  tree: () => setUp("coder", { before: SERVICES, sysusers: "coder.conf", tmpfiles: "10-coder.conf" }),
  provides: [
    "usr/bin/coder",
    "usr/lib/systemd/system/coder.service",
    "usr/lib/systemd/system/coder-workspace-proxy.service",
    "usr/lib/systemd/system/coder-setup.service",
    "usr/lib/sysusers.d/coder.conf",
    "usr/lib/tmpfiles.d/10-coder.conf",
  ],
  smoke: ({ bareVersion }) => [{ run: ["coder", "version"], prints: bareVersion }],
  host: {
    activation: { restart: ["coder.service"] },
    enable: ["coder.service"],
    files: [
      {
        path: "/etc/coder.d/coder.env",
        mode: 0o600,
        text: `CODER_ACCESS_URL=https://coder.example.org
CODER_HTTP_ADDRESS=0.0.0.0:3000
CODER_PG_CONNECTION_URL=postgres://coder:secret@db.example.org/coder?sslmode=verify-full
`,
      },
    ],
  },
});
