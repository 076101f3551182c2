/** SSH by OpenID Connect: sshd asks this program whose key it is. */
import { binary, checksumFile, defineExtension, githubAsset, githubReleases } from "../../builder/recipe/index.ts";

const PROGRAM = "usr/local/bin/opkssh";

export default defineExtension({
  description: "opkssh: SSH with OpenID Connect identities",
  homepage: "https://github.com/openpubkey/opkssh",
  kind: "security",
  versions: githubReleases("openpubkey/opkssh"),
  publish: ["latest"],
  downloads: ({ tag, goArch }) => [
    {
      url: githubAsset("openpubkey/opkssh", tag, `opkssh-linux-${goArch}`),
      verify: checksumFile(githubAsset("openpubkey/opkssh", tag, "checksums.txt")),
      install: binary(PROGRAM),
    },
  ],
  provides: [PROGRAM],
  smoke: ({ bareVersion }) => [{ run: [`/${PROGRAM}`, "--version"], prints: bareVersion }],
  host: {
    activation: "refresh",
    users: [{ name: "opksshuser" }],
    files: [
      {
        path: "/etc/opk/providers",
        mode: 0o640,
        group: "opksshuser",
        text: "# <issuer> <client id> <how long a login holds>\nhttps://accounts.google.com 206584157355-7cbe4s640tvm7naoludob4ut1emii7sf.apps.googleusercontent.com 24h\n",
      },
      {
        path: "/etc/opk/auth_id",
        mode: 0o640,
        group: "opksshuser",
        text: "# <user here> <e-mail, subject or group there> <issuer>\ncore alice@example.org https://accounts.google.com\n",
      },
      { path: "/var/log/opkssh.log", mode: 0o660, group: "opksshuser", text: "" },
      {
        path: "/etc/sudoers.d/opkssh",
        mode: 0o440,
        text: `opksshuser ALL=(root) NOPASSWD: /${PROGRAM} readhome *\n`,
      },
      {
        path: "/etc/ssh/sshd_config.d/60-opkssh.conf",
        mode: 0o600,
        text: `AuthorizedKeysCommand /${PROGRAM} verify %u %k %t\nAuthorizedKeysCommandUser opksshuser\n`,
      },
    ],
  },
});
