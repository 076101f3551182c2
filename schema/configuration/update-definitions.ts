/**
 * The files that say how a running machine updates an extension. They differ by what was chosen and by systemd's version;
 * those that another configuration has left there would go on updating it, so they are removed.
 */
import type { ConfiguredExtension } from "./configured-extension.ts";
import type { ConfiguredFile, HostConfiguration } from "./host-configuration.ts";
import { UPDATE_UNITS_SINCE } from "./systemd-version.ts";
import { sysupdateUnits } from "./updating-units.ts";

/** Drop-ins of units as the files that they are. */
export function dropinFiles({ units }: HostConfiguration): ConfiguredFile<{ readonly text: string }>[] {
  return units.flatMap(({ name: unit, dropins = [] }) =>
    dropins.map(({ name, contents: text }) => ({ path: dropinPath(unit, name), mode: 0o644, contents: { text } })),
  );
}

/** Names of transfer files that there may be, as patterns of a shell. */
export function transferPatterns(extension: string): string[] {
  return ["conf", "transfer"].flatMap((suffix) => [`${extension}.${suffix}`, `${extension}-*.${suffix}`]);
}

/** Paths of the drop-ins by which there may be updates. */
export function updateDropins(extension: string): string[] {
  return [undefined, UPDATE_UNITS_SINCE].map((systemd) =>
    dropinPath(sysupdateUnits(systemd).service, `${extension}.conf`),
  );
}

/** Those that this configuration has. */
export function definitionsOf({ name, transfer }: ConfiguredExtension, host: HostConfiguration): string[] {
  const possible = updateDropins(name);
  const dropins = dropinFiles(host).filter(({ path }) => possible.includes(path));
  return [...(transfer === undefined ? [] : [transfer]), ...dropins].map(({ path }) => path);
}

function dropinPath(unit: string, name: string): string {
  return `/etc/systemd/system/${unit}.d/${name}`;
}
