/** HashiCorp's scheduler as a service. */
import { defineExtension, extract, hashicorpReleases, hashicorpZip } from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "HashiCorp Nomad: schedules containers and programs on a cluster",
  homepage: "https://developer.hashicorp.com/nomad",
  kind: "orchestration",
  versions: hashicorpReleases("nomad"),
  publish: ["latest", "1.10.0"],
  reload: true,
  downloads: (context) => [
    // The zip has its licence at the top, too.
    { ...hashicorpZip("nomad", context), install: extract("usr/bin", { only: ["nomad"] }) },
  ],
  provides: [
    "usr/bin/nomad",
    "usr/lib/systemd/system/nomad.service",
    "usr/lib/tmpfiles.d/10-nomad.conf",
    "usr/share/nomad/nomad.hcl",
    "usr/share/nomad/nomad.env",
  ],
  smoke: ({ version }) => [{ run: ["nomad", "version"], prints: `Nomad v${version}` }],
  // Tasks run on without their agent, and are found again by the next one.
  host: { activation: { restart: ["nomad.service"] }, enable: ["nomad.service"] },
});
