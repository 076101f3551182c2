/** The folder that a command leaves its tree in: there when it is whole, and never in the place of somebody else's. */
import { lstat, readdir, realpath } from "node:fs/promises";
import { basename } from "node:path";
import { UsageError, UserError } from "../system/errors.ts";
import { stageFolder } from "../system/staged-folder.ts";
import { isWithin } from "./entry-paths.ts";

export interface ResultOptions {
  /** Whether a tree that was made before is replaced, when the new one is complete. */
  readonly force: boolean;
  /** What it is made of, which is not to be replaced by it. */
  readonly tree: string;
}

/**
 * @param write fills an empty folder
 * @throws UserError if something is there that may not be replaced
 */
export async function writeResultFolder<T>(
  path: string,
  { force, tree }: ResultOptions,
  write: (folder: string) => Promise<T>,
): Promise<T> {
  const [from, to] = await Promise.all([tree, path].map((one) => realpath(one).catch(() => undefined)));
  if (from !== undefined && to !== undefined && isWithin(from, to)) {
    throw new UsageError(`${basename(path)} would replace the tree that it is made of`, { hint: "take another name" });
  }
  const checkReplaceable = (folder: string) => checkOurs(folder, force);
  return stageFolder(path, async (staging) => ({ path: staging, result: await write(staging) }), { checkReplaceable });
}

async function checkOurs(path: string, force: boolean): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return;
  const name = basename(path);
  if (!stats.isDirectory())
    throw new UserError(`${name} is there, and is no folder`, { hint: "remove it, or take another name" });
  const names = await readdir(path);
  if (names.length === 0) return;
  // All that such a tree has.
  const isTree = names.length === 1 && names[0] === "usr";
  if (!isTree) {
    throw new UserError(`the folder ${name} is there, and has more in it than a tree to be packed`, {
      details: { folder: path },
      hint: "remove it, or take another name",
    });
  }
  if (!force)
    throw new UserError(`the folder ${name} is there already`, {
      details: { folder: path },
      hint: "--force replaces it",
    });
}
