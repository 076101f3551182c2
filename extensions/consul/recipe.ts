/** HashiCorp's service registry and mesh as a service. */
import { defineExtension, extract, hashicorpReleases, hashicorpZip, setUp } from "../../builder/recipe/index.ts";

const EXAMPLE = `data_dir         = "/var/lib/consul"
server           = true
bootstrap_expect = 1
bind_addr        = "{{ GetPrivateIP }}"
`;

export default defineExtension({
  description: "HashiCorp Consul: finding, checking and connecting services",
  homepage: "https://developer.hashicorp.com/consul",
  kind: "networking",
  versions: hashicorpReleases("consul"),
  publish: ["latest", "1.21.4"],
  downloads: (context) => [
    // The zip has its licence at the top, too.
    { ...hashicorpZip("consul", context), install: extract("usr/bin", { only: ["consul"] }) },
  ],
  // With the path already, so that the configuration can belong to the group.
  tree: () =>
    setUp("consul", {
      before: ["consul.path", "consul.service"],
      sysusers: "consul.conf",
      tmpfiles: "10-consul.conf",
    }),
  upholds: ["consul.path"],
  provides: [
    "usr/bin/consul",
    "usr/lib/systemd/system/consul.service",
    "usr/lib/systemd/system/consul.path",
    "usr/lib/systemd/system/consul-setup.service",
    "usr/lib/sysusers.d/consul.conf",
    "usr/lib/tmpfiles.d/10-consul.conf",
    "usr/share/consul/consul.hcl",
    "usr/share/consul/consul.env",
  ],
  smoke: ({ version }) => [{ run: ["consul", "version"], prints: `Consul v${version}` }],
  host: {
    activation: { restart: ["consul.service"] },
    // Before the first merge, so that the file can belong to its group.
    users: [{ name: "consul", home: "/var/lib/consul" }],
    files: [{ path: "/etc/consul.d/consul.hcl", mode: 0o640, group: "consul", text: EXAMPLE }],
  },
});
