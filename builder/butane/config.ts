/**
 * A Butane configuration for machines that are to have an extension: it is there at first boot, follows its bakery, and
 * is put to use as its recipe says.
 *
 * https://coreos.github.io/butane/config-flatcar-v1_0/
 */
import { posix } from "node:path";
import { type Arch, imageFile, type TransferRule } from "../../schema/index.ts";
import type { Catalog, Extension } from "../catalog.ts";
import { unitPath } from "../recipe/host.ts";
import type { HostFile, HostSetup } from "../recipe/index.ts";

/** As much of Butane's `flatcar` variant as is written here. */
export interface Butane {
  readonly variant: "flatcar";
  readonly version: "1.0.0";
  readonly storage: { readonly files: readonly ButaneFile[]; readonly links: readonly ButaneLink[] };
  readonly systemd: { readonly units: readonly ButaneUnit[] };
  readonly passwd?: { readonly users: readonly ButaneUser[] };
}

export interface ButaneFile {
  readonly path: string;
  readonly mode: number;
  readonly user?: { readonly name: string };
  readonly group?: { readonly name: string };
  readonly contents: { readonly source: string } | { readonly inline: string };
}

export interface ButaneLink {
  readonly path: string;
  readonly target: string;
}

export interface ButaneUnit {
  readonly name: string;
  readonly enabled?: true;
  readonly mask?: boolean;
  readonly dropins?: readonly { readonly name: string; readonly contents: string }[];
}

export interface ButaneUser {
  readonly name: string;
  readonly uid?: number;
  readonly home_dir?: string;
  readonly no_create_home: true;
  readonly shell: string;
  readonly system: true;
}

export interface Installed {
  readonly extension: Extension;
  readonly version: string;
}

export interface ButaneOptions {
  readonly arch: Arch;
  /** `https://extensions.example.org` */
  readonly bakeryUrl: string;
  /** Whether machines demand a signed index: they get the bakery's keys. */
  readonly verify: boolean;
}

/** An extension with those that it needs, which come first. */
export async function withNeeds(catalog: Catalog, { extension, version }: Installed): Promise<Installed[]> {
  const needed = (extension.recipe.host?.needs ?? []).map(async ({ extension: name, version: of }) =>
    withNeeds(catalog, { extension: await catalog.load(name), version: of }),
  );
  return [...(await Promise.all(needed)).flat(), { extension, version }];
}

/** @param all what is to be installed, the extension itself last, after those that it needs */
export function butaneConfig(all: readonly Installed[], options: ButaneOptions): Butane {
  const { bakeryUrl, verify } = options;
  const parts = all.map((one) => partsOf(one, options));
  const setups = all.map(({ extension }) => extension.recipe.host ?? {});
  const keys = [remote("/etc/systemd/import-pubring.gpg", `${bakeryUrl}/keys/import-pubring.gpg`)];
  const users = setups.flatMap((setup) => setup.users ?? []);
  return {
    variant: "flatcar",
    version: "1.0.0",
    storage: {
      files: [
        ...parts.flatMap(({ files }) => files),
        remote("/etc/sysupdate.d/noop.conf", `${bakeryUrl}/extensions/noop.conf`),
        ...(verify ? keys : []),
        ...setups.flatMap((setup) => (setup.files ?? []).map(ownFile)),
      ],
      links: [
        ...parts.flatMap(({ links }) => links),
        ...setups.flatMap((setup) => setup.links ?? []),
        ...setups.flatMap(enabling),
      ],
    },
    systemd: {
      units: [
        { name: "systemd-sysupdate.timer", enabled: true },
        { name: "systemd-sysupdate.service", dropins: parts.map(({ dropin }) => dropin) },
        ...setups.flatMap(unitsOf),
      ],
    },
    ...(users.length > 0 && {
      passwd: {
        users: users.map(({ name, uid, home }) => ({
          name,
          ...(uid !== undefined && { uid }),
          ...(home !== undefined && { home_dir: home }),
          no_create_home: true as const,
          shell: "/sbin/nologin",
          system: true as const,
        })),
      },
    }),
  };
}

function partsOf({ extension: { name, recipe }, version }: Installed, { arch, bakeryUrl }: ButaneOptions) {
  const image = imageFile({ extension: name, version }, arch);
  const path = `/opt/extensions/${name}/${image}`;
  const conf = `${transferOf(recipe.transfers, recipe.host ?? {}, name, version)}.conf`;
  return {
    files: [
      remote(path, `${bakeryUrl}/extensions/${name}/${image}`),
      remote(`/etc/sysupdate.${name}.d/${conf}`, `${bakeryUrl}/extensions/${name}/${conf}`),
    ],
    // Hosts look for the name that the image has inside.
    links: [{ path: `/etc/extensions/${name}.raw`, target: path }],
    dropin: { name: `${name}.conf`, contents: updating(name, recipe.host?.activation ?? "reboot") },
  };
}

/** Which of its transfer files a machine follows, without `.conf`. */
function transferOf(rules: readonly TransferRule[] = [], host: HostSetup, name: string, version: string): string {
  const kind = host.staysInSeries ? "patch-level" : "every-version";
  return rules.find((rule) => rule.kind === kind)?.name(name, version) ?? name;
}

/**
 * Updates it before the service's own run, and puts to use what has come. What it was before and after stands below
 * `/run`, where nobody else can put a file of that name.
 */
function updating(name: string, activation: NonNullable<HostSetup["activation"]>): string {
  const noted = (when: string) => `readlink --canonicalize /etc/extensions/${name}.raw > /run/${name}.${when}`;
  const changed = `cmp --silent /run/${name}.before /run/${name}.after`;
  return `[Service]
ExecStartPre=/usr/bin/sh -c "${noted("before")}"
ExecStartPre=/usr/lib/systemd/systemd-sysupdate -C ${name} update
ExecStartPost=/usr/bin/sh -c "${noted("after")}"
ExecStartPost=/usr/bin/sh -c "${changed} || ${put(activation)}"
`;
}

function put(activation: NonNullable<HostSetup["activation"]>): string {
  if (activation === "reboot") return "touch /run/reboot-required";
  if (activation === "refresh") return "systemd-sysext refresh";
  return `{ systemd-sysext refresh && systemctl restart ${activation.restart.join(" ")}; }`;
}

function remote(path: string, source: string): ButaneFile {
  return { path, mode: 0o644, contents: { source } };
}

function ownFile({ path, mode = 0o644, text, user, group }: HostFile): ButaneFile {
  const owners = {
    ...(user !== undefined && { user: { name: user } }),
    ...(group !== undefined && { group: { name: group } }),
  };
  return { path, mode, ...owners, contents: { inline: text } };
}

/**
 * What `systemctl enable` would make. Ignition's own way is a preset, which is applied before there is an image: a unit
 * that comes with one is not there yet.
 */
function enabling({ enable = [] }: HostSetup): ButaneLink[] {
  return enable.map((unit) => {
    const path = unitPath(unit);
    return { path: `/etc/systemd/system/multi-user.target.wants/${posix.basename(path)}`, target: `/${path}` };
  });
}

/** A unit that is masked and has a drop-in stands there once, as Butane demands. */
function unitsOf({ mask = [], dropins = [] }: HostSetup): ButaneUnit[] {
  const names = [...new Set([...mask, ...dropins.map(({ unit }) => unit)])];
  return names.map((name) => {
    const own = dropins.filter(({ unit }) => unit === name);
    return {
      name,
      ...(mask.includes(name) && { mask: true }),
      ...(own.length > 0 && { dropins: own.map(({ name: file, text }) => ({ name: file, contents: text })) }),
    };
  });
}
