/**
 * A configuration in Ignition, which machines read at their first boot.
 *
 * https://coreos.github.io/ignition/configuration-v3_3/
 */
import { groupOf, NO_LOGIN, type SystemGroup } from "./butane.ts";
import {
  allFiles,
  allLinks,
  type ConfiguredLink,
  type ConfiguredUnit,
  type ConfiguredUser,
  type HostConfiguration,
} from "./host-configuration.ts";
import { type StorageFile, storageFile } from "./storage-file.ts";

/** As much of Ignition's format as is written here: 3.3.0 is what Flatcar's and Debian's read. */
export interface Ignition {
  readonly ignition: { readonly version: "3.3.0" };
  readonly storage: { readonly files: readonly IgnitionFile[]; readonly links: readonly ConfiguredLink[] };
  readonly systemd: { readonly units: readonly ConfiguredUnit[] };
  readonly passwd?: { readonly groups: readonly SystemGroup[]; readonly users: readonly IgnitionUser[] };
}

export type IgnitionFile = StorageFile<{ readonly source: string }>;

export interface IgnitionUser {
  readonly name: string;
  readonly uid?: number;
  readonly primaryGroup: string;
  readonly homeDir?: string;
  readonly noCreateHome: true;
  readonly shell: string;
  readonly system: true;
}

export function ignitionOf(host: HostConfiguration): Ignition {
  const { units, users } = host;
  return {
    ignition: { version: "3.3.0" },
    storage: {
      files: allFiles(host).map((file) => storageFile(file, (text) => ({ source: dataUrl(text) }))),
      links: allLinks(host),
    },
    systemd: { units },
    ...(users.length > 0 && { passwd: { groups: users.map(groupOf), users: users.map(userOf) } }),
  };
}

export function formatIgnition(config: Ignition): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

function userOf({ name, uid, home }: ConfiguredUser): IgnitionUser {
  return {
    name,
    ...(uid !== undefined && { uid }),
    primaryGroup: name,
    ...(home !== undefined && { homeDir: home }),
    noCreateHome: true,
    shell: NO_LOGIN,
    system: true,
  };
}

/** RFC 2397, with all escaped that RFC 3986 reserves. */
function dataUrl(text: string): string {
  const escaped = encodeURIComponent(text.toWellFormed());
  return `data:,${escaped.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)}`;
}
