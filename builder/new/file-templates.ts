/** What a new extension has beside its recipe: README, script and unit. */
import { unitPath } from "./recipe-template.ts";
import { FIRST_VERSION, type Spec } from "./spec.ts";

export function readmeText(spec: Spec): string {
  const { name, description, homepage, repository, service } = spec;
  const about = table([
    [
      "versions",
      repository === undefined
        ? `\`${FIRST_VERSION}\`, which stands in the recipe`
        : `those of \`${repository}\` on GitHub, without the \`v\`: \`${FIRST_VERSION}\``,
    ],
    ["architectures", "x86-64, arm64"],
    [
      "verified",
      repository === undefined ? "nothing is downloaded" : "the checksum file that stands beside each program",
    ],
    ["brings", [`\`/usr/bin/${name}\``, ...(service ? [`\`/${unitPath(name)}\``] : [])].join(", ")],
    ["runs at once", service ? `yes: \`multi-user.target\` upholds \`${name}.service\`` : "nothing to run"],
  ]);
  const seen = service
    ? `\`\`\`\n$ systemctl is-active ${name}.service\nactive\n\`\`\`\n`
    : `\`\`\`\n$ ${repository === undefined ? `${name}\n${greeting(name)}` : `${name} --version`}\n\`\`\`\n`;
  return `# ${name}

[${name}](${homepage}): ${markdown(description.replace(/\.$/, ""))}.

${about}
How one sees that it works:

${seen}
## Install

<!-- butane ${FIRST_VERSION} -->
<!-- /butane -->
`;
}

/** What upstream publishes, for the tests that bake it from a stand-in. */
export function upstreamText({ name, repository }: Spec): string {
  return `https://github.com/${repository}/releases/download/{tag}/${name}-linux-{goArch} elf\n`;
}

/** A service must not end, and whoever tries the program waits for nothing. */
export function scriptText({ name, service }: Spec): string {
  const serve = `# As the unit starts it: runs until it is stopped.
if [ "\${1:-}" = --serve ]; then exec sleep infinity; fi
`;
  return `#!/bin/sh
echo "${greeting(name)}"
${service ? serve : ""}`;
}

export function unitText({ name, description, homepage, repository }: Spec): string {
  return `[Unit]
Description=${specifiers(description)}
Documentation=${specifiers(homepage)}
After=network.target
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
ExecStart=/usr/bin/${name}${repository === undefined ? " --serve" : ""}
Restart=always
RestartSec=1

# It can reach the network and its own state, and nothing else. Take off what the program cannot do without.
DynamicUser=yes
StateDirectory=${name}
WorkingDirectory=%S/${name}
UMask=0077
CapabilityBoundingSet=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

function greeting(name: string): string {
  return `hello from ${name}`;
}

/** The first column names what the second says; neither needs a heading. */
function table(rows: readonly (readonly [string, string])[]): string {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cells = [["", ""], widths.map((width) => "-".repeat(width)), ...rows];
  return cells.map((row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |\n`).join("");
}

/** Text that means itself: CommonMark lets every mark of ASCII be escaped. */
function markdown(text: string): string {
  return text.replace(/[\\`*_~[\]()<>&|!]/g, "\\$&");
}

/** systemd.unit(5): `%` begins a specifier. */
function specifiers(text: string): string {
  return text.replaceAll("%", "%%");
}
