/** The load balancer HAProxy, compiled from its source. */
import {
  checksumFile,
  defineExtension,
  flix,
  htmlListing,
  pinnedDebian,
  setUp,
  unpack,
} from "../../builder/recipe/index.ts";

export default defineExtension({
  description: "TCP and HTTP load balancer and proxy",
  homepage: "https://www.haproxy.org",
  kind: "networking",
  // Branches have folders: 3.0 and later ones.
  versions: htmlListing("https://www.haproxy.org/download/", /^haproxy-(?<version>\d+\.\d+\.\d+)\.tar\.gz$/, {
    pages: /^(?:[3-9]|[1-9]\d+)\.\d+\/$/,
    below: "src/",
  }),
  publish: ["latest"],
  downloads: ({ version }) => {
    const branch = /^\d+\.\d+/.exec(version)?.[0];
    const url = `https://www.haproxy.org/download/${branch}/src/haproxy-${version}.tar.gz`;
    return [{ url, verify: checksumFile(`${url}.sha256`), install: unpack(".", { strip: 1 }) }];
  },
  build: () => [
    flix(
      pinnedDebian("build-essential", "libssl-dev", "liblua5.4-dev", "libpcre2-dev", "zlib1g-dev"),
      ["/usr/bin/haproxy"],
      { script: "build.sh" },
    ),
  ],
  tree: () => setUp("haproxy", { before: ["haproxy.service"], sysusers: "haproxy.conf", tmpfiles: "haproxy.conf" }),
  reload: true,
  provides: [
    "usr/bin/haproxy",
    "usr/lib/systemd/system/haproxy.service",
    "usr/lib/systemd/system/haproxy-setup.service",
    "usr/lib/sysusers.d/haproxy.conf",
    "usr/lib/tmpfiles.d/haproxy.conf",
    "usr/share/haproxy/haproxy.cfg",
  ],
  smoke: ({ version }) => [
    { run: ["haproxy", "-v"], prints: `HAProxy version ${version}` },
    { run: ["haproxy", "-vv"], prints: "Prometheus exporter" },
    { run: ["haproxy", "-c", "-f", "/usr/share/haproxy/haproxy.cfg"] },
  ],
  host: {
    activation: { restart: ["haproxy.service"] },
    enable: ["haproxy.service"],
    files: [
      {
        path: "/etc/haproxy/haproxy.cfg",
        text: `global
    log stdout format raw local0

defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 50s
    timeout server 50s

frontend web
    bind :80
    default_backend local

backend local
    server one 127.0.0.1:8080 check
`,
      },
    ],
  },
});
