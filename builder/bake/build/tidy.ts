/** Puts in order what a build script has installed, as an image wants it. */
import { lstat, mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, UserError } from "../../system/errors.ts";

const MERGED = ["usr", "opt"];

/**
 * Leaves what hosts merge, `usr` and `opt`, and moves `usr/sbin` into `usr/bin`: on most hosts the one is a symlink to
 * the other, which a folder in an image would hide.
 * @returns what was removed, by its first folder
 */
export async function tidy(root: string): Promise<string[]> {
  const others = (await readdir(root)).filter((name) => !MERGED.includes(name)).sort();
  for (const name of others) await rm(join(root, name), { recursive: true, force: true });
  await fold(join(root, "usr/sbin"), join(root, "usr/bin"));
  return others;
}

async function fold(sbin: string, bin: string): Promise<void> {
  const found = await lstat(sbin).catch(() => undefined);
  if (found?.isSymbolicLink()) return rm(sbin);
  if (!found?.isDirectory()) return;
  await mkdir(bin, { recursive: true });
  const taken = new Set(await readdir(bin));
  for (const name of await readdir(sbin)) {
    if (taken.has(name)) throw new UserError(`a build has made both usr/bin/${name} and usr/sbin/${name}`);
    await rename(join(sbin, name), join(bin, name));
  }
  await rmdir(sbin);
}

/** Whether there is no file below. */
export async function isEmpty(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
  return entries.every((entry) => entry.isDirectory());
}
