/** HashiCorp's store of secrets as a service. */
import { defineExtension, extract, hashicorpReleases, hashicorpZip, setUp } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "HashiCorp Vault: secrets, encryption as a service, and identities",
  homepage: "https://developer.hashicorp.com/vault",
  kind: "security",
  versions: hashicorpReleases("vault"),
  publish: ["latest", "1.20.0"],
  downloads: (context) => [
    // The zip has its licence at the top, too.
    { ...hashicorpZip("vault", context), install: extract("usr/bin", { only: ["vault"] }) },
  ],
  tree: () => setUp("vault", { before: ["vault.service"], sysusers: "vault.conf", tmpfiles: "10-vault.conf" }),
  upholds: ["vault.service"],
  provides: [
    "usr/bin/vault",
    "usr/lib/systemd/system/vault.service",
    "usr/lib/systemd/system/vault-setup.service",
    "usr/lib/sysusers.d/vault.conf",
    "usr/lib/tmpfiles.d/10-vault.conf",
    "usr/share/vault/vault.hcl",
    "usr/share/vault/vault.env",
  ],
  smoke: ({ version }) => [{ run: ["vault", "version"], prints: `Vault v${version}` }],
  host: { activation: { restart: ["vault.service"] } },
});
