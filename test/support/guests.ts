/** Guests for tests: whether they can be had here, the tree that all of them share, and what one must not leave behind. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheFolderFrom } from "../../builder/bake/fetch/cache.ts";
import { nspawnRunner } from "../../builder/guest/nspawn.ts";
import { GUEST_RECIPE, guestTree } from "../../builder/guest/tree.ts";
import { progressOn } from "../../builder/system/progress.ts";
import { lackForMerging } from "./requirements.ts";
import { reasonOf } from "./systemd-client.ts";

/** Why no guest can be started here; undefined where it can. */
export async function guestUnavailable(): Promise<string | undefined> {
  const lack = lackForMerging() ?? (await nspawnRunner().unavailable());
  return lack ?? testTree().then(() => undefined, reasonOf);
}

/**
 * The tree that `./bakery test` uses too, in the cache of tests.
 * @param more packages, for a tree of its own
 */
export function testTree(...more: string[]): Promise<string> {
  const { env } = process;
  const recipe = { ...GUEST_RECIPE, packages: [...GUEST_RECIPE.packages, ...more] };
  return guestTree({ cache: cacheFolderFrom(env), env, progress: progressOn({ write: () => {} }) }, recipe);
}

/**
 * What is left of guests: processes, control groups, mounts, loop devices.
 * @param word a part of names that no other guest on this machine has: an extension's, or a folder's
 * @param pid of the process that started them
 */
export async function tracesOf(word: string, pid: number): Promise<string[]> {
  const group = new RegExp(`/sysext-bakery-[0-9a-f-]+-${pid}(?:/|$)`, "m");
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").filter((line) => line.includes(word));
  const loops = await filesThat(
    "/sys/block",
    (name) => `${name}/loop/backing_file`,
    (text) => text.includes(word),
  );
  const processes = await filesThat(
    "/proc",
    (name) => `${name}/cgroup`,
    (text) => group.test(text),
  );
  return [...mounts, ...loops, ...processes, ...(await groups(pid))];
}

/** The same, when what ends by itself has had time to. */
export async function lastingTracesOf(word: string, pid: number): Promise<string[]> {
  for (let tries = 0; tries < 50 && (await tracesOf(word, pid)).length > 0; tries++) await sleep(100);
  return tracesOf(word, pid);
}

async function filesThat(folder: string, file: (name: string) => string, matches: (text: string) => boolean) {
  const found = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, file(name));
      return matches(await readFile(path, "utf8").catch(() => "")) ? [path] : [];
    }),
  );
  return found.flat();
}

/** Of control groups. They may go while we look. */
async function groups(pid: number): Promise<string[]> {
  const mounted = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].find((path) => existsSync(join(path, "cgroup.procs")));
  const found: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (!entry.isDirectory()) continue;
      if (new RegExp(`^sysext-bakery-[0-9a-f-]+-${pid}$`).test(entry.name)) found.push(join(folder, entry.name));
      else await visit(join(folder, entry.name));
    }
  };
  if (mounted !== undefined) await visit(mounted);
  return found;
}
