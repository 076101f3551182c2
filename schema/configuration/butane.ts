/**
 * A configuration in Butane, which people read and have translated to Ignition.
 *
 * https://coreos.github.io/butane/config-flatcar-v1_0/
 */
import { Document, isScalar, visit } from "yaml";
import {
  allFiles,
  allLinks,
  type ConfiguredLink,
  type ConfiguredUnit,
  type ConfiguredUser,
  type HostConfiguration,
} from "./host-configuration.ts";
import { type StorageFile, storageFile } from "./storage-file.ts";
import { yamlText } from "./yaml-text.ts";

/** As much of Butane's `flatcar` variant as is written here. */
export interface Butane {
  readonly variant: "flatcar";
  readonly version: "1.0.0";
  readonly storage: { readonly files: readonly ButaneFile[]; readonly links: readonly ConfiguredLink[] };
  readonly systemd: { readonly units: readonly ConfiguredUnit[] };
  readonly passwd?: { readonly groups: readonly SystemGroup[]; readonly users: readonly ButaneUser[] };
}

export type ButaneFile = StorageFile<{ readonly inline: string }>;

/** Said and not left to useradd, which makes one or not as the machine's `login.defs` has it. */
export interface SystemGroup {
  readonly name: string;
  readonly gid?: number;
  readonly system: true;
}

export interface ButaneUser {
  readonly name: string;
  readonly uid?: number;
  readonly primary_group: string;
  readonly home_dir?: string;
  readonly no_create_home: true;
  readonly shell: string;
  readonly system: true;
}

export const NO_LOGIN = "/sbin/nologin";

export function butaneOf(host: HostConfiguration): Butane {
  const { units, users } = host;
  return {
    variant: "flatcar",
    version: "1.0.0",
    storage: {
      files: allFiles(host).map((file) => storageFile(file, (inline) => ({ inline }))),
      links: allLinks(host),
    },
    systemd: { units },
    ...(users.length > 0 && { passwd: { groups: users.map(groupOf), users: users.map(userOf) } }),
  };
}

/** In YAML of version 1.1, where a mode is `0644` as everybody writes it, and Butane reads it. */
export function formatButane(config: Butane): string {
  const document = new Document(config, { version: "1.1", aliasDuplicateObjects: false });
  visit(document, {
    Pair(_, { key, value }) {
      if (isScalar(key) && key.value === "mode" && isScalar(value)) value.format = "OCT";
    },
  });
  return yamlText(document);
}

export function groupOf({ name, uid: gid }: ConfiguredUser): SystemGroup {
  return { name, ...(gid !== undefined && { gid }), system: true };
}

function userOf({ name, uid, home }: ConfiguredUser): ButaneUser {
  return {
    name,
    ...(uid !== undefined && { uid }),
    primary_group: name,
    ...(home !== undefined && { home_dir: home }),
    no_create_home: true,
    shell: NO_LOGIN,
    system: true,
  };
}
