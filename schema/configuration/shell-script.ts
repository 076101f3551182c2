/**
 * A configuration as a script for a machine that runs: it does what Ignition does at a first boot, and merges what has
 * come. It can be run again, and then changes what differs.
 */
import { type Arch, UNAME_ARCH } from "../arch.ts";
import type { ConfiguredExtension } from "./configured-extension.ts";
import type { ConfiguredFile, ConfiguredUser, HostConfiguration } from "./host-configuration.ts";
import { SHELL_FUNCTIONS } from "./shell-functions.ts";
import { definitionsOf, dropinFiles } from "./update-definitions.ts";

export function formatShellScript(host: HostConfiguration, arch: Arch): string {
  const { extensions, files, initialFiles, links, units, users, notes } = host;
  const names = extensions.map(({ name }) => name);
  const releases = extensions.map(({ name, version }) => `${name} ${version}`).join(", ");
  return `#!/bin/sh
# Installs ${releases}: run it as root, and again whenever you like.
${notes.map((note) => `# Note: ${note}.\n`).join("")}set -eu

${SHELL_FUNCTIONS}
# All of it is read before any of it is done.
main() {
  arch=${quote(arch)}
  [ "$(id -u)" = 0 ] || fail "this needs root"
  [ "$(uname -m)" = ${quote(UNAME_ARCH[arch])} ] || fail "these images are for $arch"
  command -v curl > /dev/null || command -v wget > /dev/null || fail "downloads need curl or wget"
${indented([
  ...neededLines(host),
  ...extensions.flatMap(fetchLines),
  ...files.flatMap(fetchLine),
  ...initialFiles.flatMap((file) => fetchLine(file).map((line) => `[ -e ${quote(file.path)} ] || ${line}`)),
  ...users.map(userLine),
  ...extensions.flatMap((one) => extensionLines(one, host)),
  ...files.map(fileLine),
  ...initialFiles.map((file) => `initially ${fileLine(file)}`),
  ...links.map(({ path, target }) => call("link", path, target)),
  ...dropinFiles(host).map(fileLine),
  "systemctl daemon-reload",
  ...units.flatMap(({ name, mask }) => (mask ? [call("mask", name)] : [])),
  ...units.flatMap(({ name, enabled }) => (enabled ? [call("enable", name)] : [])),
  ...mergeLines(names),
  ...extensions.flatMap(putToUseLines),
  ...units.flatMap(({ name, enabled }) =>
    enabled && name.endsWith(".timer") ? [`systemctl start ${quote(name)}`] : [],
  ),
  call("rm", "-f", ...names.map((name) => `/run/${name}.changed`)),
])}
}

main
`;
}

/** What would be found missing when half of it is done. */
function neededLines({ extensions, units }: HostConfiguration): string[] {
  const timers = units.flatMap(({ name }) => (name.endsWith(".timer") ? [name] : []));
  return [
    'command -v systemd-sysext > /dev/null || fail "this machine has no systemd-sysext"',
    ...(extensions.some(({ transfer }) => transfer !== undefined)
      ? [
          'command -v /usr/lib/systemd/systemd-sysupdate > /dev/null || fail "this machine has no systemd-sysupdate, which updates need"',
        ]
      : []),
    ...timers.map(
      (timer) =>
        `${call("systemctl", "cat", timer)} > /dev/null 2>&1 || fail "this machine's systemd has no ${timer}: is it of another version?"`,
    ),
  ];
}

/** All that is downloaded comes before anything is changed. */
function fetchLines({ name, version, followed, transfer, image }: ConfiguredExtension): string[] {
  const { url, sha256 } = image.contents;
  const follows = transfer === undefined ? "" : followed;
  return [
    call("fetch_image", name, version, follows, url, ...(sha256 === undefined ? [] : [sha256])),
    ...(transfer === undefined ? [] : fetchLine(transfer)),
  ];
}

function fetchLine({ path, contents }: ConfiguredFile): string[] {
  if ("text" in contents) return [];
  return [call("fetch", path, contents.url, ...(contents.sha256 === undefined ? [] : [contents.sha256]))];
}

function userLine({ name, uid, home = `/home/${name}` }: ConfiguredUser): string {
  return call("add_user", name, uid === undefined ? "-" : String(uid), home);
}

/** What has come is remembered by name, until all is in place. */
function extensionLines(extension: ConfiguredExtension, host: HostConfiguration): string[] {
  const { name, version, transfer, followed, activation } = extension;
  const asks = activation === "reboot" ? "; touch /run/reboot-required" : "";
  const waits = activation === "reboot" || activation === "nothing";
  return [
    call("extension", name, version, transfer === undefined ? "" : followed),
    `changed_${variable(name)}=$changed`,
    waits
      ? `case $changed in new) merges=yes ;; yes) waits=yes${asks} ;; esac`
      : `if [ -n "$changed" ]; then merges=yes; fi`,
    call("only", name, ...definitionsOf(extension, host)),
    ...(transfer === undefined ? [] : [fileLine(transfer)]),
  ];
}

function fileLine({ path, mode, user = "root", group = "root", contents }: ConfiguredFile): string {
  const place = [path, mode.toString(8).padStart(4, "0"), `${user}:${group}`];
  return "text" in contents ? call("write", ...place, contents.text) : call("place", ...place);
}

/** A merge is of all images at once, so one that waits for a boot has the others wait. */
function mergeLines(names: readonly string[]): string[] {
  return [
    'if [ -n "$waits" ]; then',
    '  say "what is merged already is replaced at the next boot: reboot when it suits"',
    'elif [ -n "$merges" ]; then',
    `  ${call("merge", ...names)}`,
    "fi",
  ];
}

function putToUseLines({ name, activation, starts }: ConfiguredExtension): string[] {
  const changed = `"$changed_${variable(name)}"`;
  const restarts = typeof activation === "object" ? activation.restart : [];
  return [
    ...(restarts.length > 0
      ? [`if [ -z "$waits" ] && [ ${changed} = yes ]; then ${call("systemctl", "restart", ...restarts)}; fi`]
      : []),
    // They may wait for the network, or for what is to be configured yet.
    ...(starts.length > 0
      ? [`if [ -z "$waits" ] && [ ${changed} = new ]; then ${call("systemctl", "start", "--no-block", ...starts)}; fi`]
      : []),
  ];
}

/** Names of extensions have dashes, and those of variables have none. */
function variable(name: string): string {
  return name.replaceAll("-", "_");
}

function call(command: string, ...args: readonly string[]): string {
  return [command, ...args.map(quote)].join(" ");
}

/** Plain words as they are; within quotes a shell reads nothing but the quote. */
function quote(text: string): string {
  return /^[A-Za-z0-9/:.,_@+%-][A-Za-z0-9/:.,_@+%=-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Texts of files keep their lines as they are. */
function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join("\n");
}
