/** How updates come and are put to use: the timer, and what its service does for each extension. */
import type { Activation, ConfiguredExtension } from "./configured-extension.ts";
import type { ConfiguredUnit } from "./host-configuration.ts";
import { isAtLeast, UPDATE_UNITS_SINCE } from "./systemd-version.ts";

/** From 262 on it merges what systemd-sysupdate has brought, whatever extensions advise. */
const NOTIFY_SOCKET = "systemd-sysupdate-notify-sysext.socket";

export function updatingUnits(
  extensions: readonly ConfiguredExtension[],
  systemd: number | undefined,
): ConfiguredUnit[] {
  const followed = extensions.filter(({ transfer }) => transfer !== undefined);
  const { timer, service } = sysupdateUnits(systemd);
  const dropins = followed.map(({ name, activation }) => ({
    name: `${name}.conf`,
    contents: updating(name, activation),
  }));
  const waits = followed.some(({ activation }) => activation === "reboot" || activation === "nothing");
  return [
    { name: timer, enabled: true },
    { name: service, dropins },
    ...(waits && isAtLeast(systemd, UPDATE_UNITS_SINCE) ? [{ name: NOTIFY_SOCKET, mask: true as const }] : []),
  ];
}

export function sysupdateUnits(systemd: number | undefined): { readonly timer: string; readonly service: string } {
  const name = isAtLeast(systemd, UPDATE_UNITS_SINCE) ? "systemd-sysupdate-update" : "systemd-sysupdate";
  return { timer: `${name}.timer`, service: `${name}.service` };
}

/**
 * Updates it before the service's own run, and puts to use what has come. What it was before and after stands below
 * `/run`, where nobody else can put a file of that name.
 */
function updating(name: string, activation: Activation): string {
  const update = `ExecStartPre=/usr/lib/systemd/systemd-sysupdate -C ${name} update\n`;
  if (activation === "nothing") return `[Service]\n${update}`;
  const noted = (when: string) => `readlink --canonicalize /etc/extensions/${name}.raw > /run/${name}.${when}`;
  const changed = `cmp --silent /run/${name}.before /run/${name}.after`;
  return `[Service]
ExecStartPre=/usr/bin/sh -c "${noted("before")}"
${update}ExecStartPost=/usr/bin/sh -c "${noted("after")}"
ExecStartPost=/usr/bin/sh -c "${changed} || ${put(activation)}"
`;
}

/**
 * By systemd-sysext.service and not by systemd-sysext, which may not do what it has to in the service that updates:
 * that has `RestrictNamespaces=`.
 */
export const MERGE = "systemctl reload-or-restart systemd-sysext.service";

function put(activation: Exclude<Activation, "nothing">): string {
  if (activation === "reboot") return "touch /run/reboot-required";
  if (activation === "refresh") return MERGE;
  return `{ ${MERGE} && systemctl restart ${activation.restart.join(" ")}; }`;
}
