/**
 * A real systemd 254 from Debian's archive, unpacked into the cache: no root, no chroot. Debian 12's own systemd 252
 * has no systemd-sysupdate.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rootMessage, ToolError } from "../../builder/system/errors.ts";
import { exists, unpackDebian } from "./debian.ts";
import { type Execution, execute } from "./execute.ts";
import { lackForClients } from "./requirements.ts";

const CACHE = fileURLToPath(new URL("../../.cache", import.meta.url));
const SUITE = "bookworm-backports";
const PACKAGES = ["systemd", "systemd-container", "libsystemd-shared", "libsystemd0"];

export interface SysupdateClient {
  sysupdate(...args: string[]): Promise<Execution>;
  /** The same, on a machine whose `/etc/systemd` is this folder: where administrators put the keyring. Needs root. */
  withEtc(folder: string): SysupdateClient;
  /** The same, on a machine whose `/etc` and `/opt` are those of this tree. Needs root. */
  inTree(tree: string): SysupdateClient;
  /** Where its packages are unpacked */
  readonly root: string;
}

/** A program that merges images, and what its environment needs. */
export interface SysextClient {
  readonly sysext: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Where its programs are, for machines that have them at their own places. */
export interface ClientPrograms {
  /** The folder that all of it is in */
  readonly root: string;
  readonly sysupdate: string;
  readonly sysext: string;
  readonly pull: string;
  /** For `LD_LIBRARY_PATH` */
  readonly libraries: string;
}

export interface SystemdClient extends SysupdateClient, SysextClient {
  readonly programs: ClientPrograms;
}

/** Gets the client, from the cache where it is there. */
export async function systemdClient(): Promise<SystemdClient> {
  const root = join(CACHE, `systemd-${SUITE}`);
  if (!(await exists(root))) await unpackDebian(root, { suite: SUITE, packages: PACKAGES });

  const folders = ["usr/lib/x86_64-linux-gnu/systemd", "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
  const libraries = folders.map((path) => join(root, path)).join(":");
  const pull = await firstThat(root, "lib/systemd/systemd-pull", "usr/lib/systemd/systemd-pull");
  const env = { LD_LIBRARY_PATH: libraries, SYSTEMD_PULL_PATH: pull };
  const sysupdate = await firstThat(root, "lib/systemd/systemd-sysupdate", "usr/lib/systemd/systemd-sysupdate");
  const sysext = await firstThat(root, "bin/systemd-sysext", "usr/bin/systemd-sysext");
  const programs = { root, sysupdate, sysext, pull, libraries };
  return { env, sysext, programs, ...sysupdateOf(root, [sysupdate], env) };
}

/** Later versions than 254, by the suite that has them. */
const LATER = { 257: "trixie", 262: "sid" } as const;
export const SYSUPDATE_VERSIONS = [254, 257, 262] as const;
export type SysupdateVersion = (typeof SYSUPDATE_VERSIONS)[number];

/** A later systemd with all that it needs, and how its own loader starts a program with that. */
async function laterSystemd(version: keyof typeof LATER): Promise<{ root: string; loader: string; libraries: string }> {
  const root = join(CACHE, `systemd-${LATER[version]}`);
  const packages = ["systemd-container", "libcurl4t64"];
  if (!(await exists(root))) await unpackDebian(root, { suite: LATER[version], packages, withDependencies: true });
  const folders = ["usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/systemd"].map((path) => join(root, path));
  return { root, loader: join(root, "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"), libraries: folders.join(":") };
}

/** systemd-sysext of a version. */
export async function sysextClient(version: SysupdateVersion): Promise<SysextClient> {
  if (version === 254) return systemdClient();
  const { root, loader, libraries } = await laterSystemd(version);
  const sysext = join(root, `sysext-${process.pid}`);
  const program = join(root, "usr/bin/systemd-sysext");
  await writeFile(sysext, `#!/bin/sh\nexec ${loader} --library-path ${libraries} ${program} "$@"\n`, { mode: 0o755 });
  return { sysext, env: {} };
}

/**
 * systemd-sysupdate of a version. Those that want a newer C library than the machine's bring it along: their own
 * loader starts them, and systemd-pull for them.
 */
export async function sysupdateClient(version: SysupdateVersion): Promise<SysupdateClient> {
  if (version === 254) return systemdClient();
  const { root, loader, libraries } = await laterSystemd(version);
  const started = (program: string) => ["--library-path", libraries, join(root, "usr/lib/systemd", program)];
  const pull = join(root, `pull-${process.pid}`);
  await writeFile(pull, `#!/bin/sh\nexec ${loader} ${started("systemd-pull").join(" ")} "$@"\n`, { mode: 0o755 });
  const env = { SYSTEMD_PULL_PATH: pull };
  return sysupdateOf(root, [loader, ...started("systemd-sysupdate")], env);
}

const IN_ETC = 'mount --bind "$0" /etc/systemd && exec "$@"';
const IN_TREE = 'mount --bind "$0/etc" /etc && mount --bind "$0/opt" /opt && exec "$@"';

function sysupdateOf(root: string, command: readonly string[], env: Readonly<Record<string, string>>): SysupdateClient {
  const [program = "", ...first] = command;
  const inMounts = (script: string, folder: string) => {
    // The libraries are for systemd, and not for what puts the mount in place.
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    return sysupdateOf(root, ["unshare", "--mount", "sh", "-c", script, folder, "env", ...variables, ...command], {});
  };
  return {
    root,
    sysupdate: (...args) => execute(program, [...first, ...args], { env }),
    withEtc: (folder) => inMounts(IN_ETC, folder),
    inTree: (tree) => inMounts(IN_TREE, tree),
  };
}

/** Why the client cannot be had here: no such machine, no apt, no network; undefined where it can. */
export async function clientUnavailable(): Promise<string | undefined> {
  return lackForClients() ?? systemdClient().then(() => undefined, reasonOf);
}

/** A program's failure with its own words: "exit code 100" alone helps nobody who wonders why tests are skipped. */
export function reasonOf(error: unknown): string {
  const output = error instanceof ToolError ? error.details.output : undefined;
  return output === undefined ? rootMessage(error) : `${rootMessage(error)}: ${output}`;
}

async function firstThat(root: string, ...paths: string[]): Promise<string> {
  for (const path of paths) if (await exists(join(root, path))) return join(root, path);
  throw new Error(`systemd's packages have none of ${paths.join(", ")}`);
}
