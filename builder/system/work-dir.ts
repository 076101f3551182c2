/**
 * Temporary folders and files that do not outlive what they were made for: removed when done, when failed, when
 * interrupted, and, after a kill that lets nobody clean up, by the next run.
 */
import { mkdir, mkdtemp, open, readdir, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { isFull, noSpace } from "./no-space.ts";
import { isGone, OWNER, OWNER_PATTERN } from "./owner.ts";
import { remove } from "./remove.ts";

const PREFIX = "sysext-bakery-";

/** Gives `use` an empty folder, and removes it afterwards whatever happens. */
export async function withWorkDir<T>(use: (path: string) => Promise<T>): Promise<T> {
  await sweep(tmpdir(), new RegExp(`^${PREFIX}(?<owner>${OWNER_PATTERN})-`));
  const path = await mkdtemp(join(tmpdir(), `${PREFIX}${OWNER}-`));
  try {
    return await use(path);
  } catch (error) {
    throw isFull(error) ? noSpace("temporary files", tmpdir(), error, "TMPDIR") : error;
  } finally {
    await remove(path);
  }
}

/**
 * Makes a file in one step: `write` fills it under another name in the same folder, and only what is complete and on
 * disk gets the final name. What stood there before stays until then.
 */
export async function writeAtomically<T>(path: string, write: (partial: string) => Promise<T>): Promise<T> {
  const name = basename(path);
  await sweep(dirname(path), new RegExp(`^\\.${RegExp.escape(name)}\\.partial-(?<owner>${OWNER_PATTERN})$`));
  const partial = join(dirname(path), `.${name}.partial-${OWNER}`);
  try {
    const result = await write(partial);
    await flush(partial);
    await rename(partial, path);
    await flush(dirname(path));
    return result;
  } catch (error) {
    await remove(partial);
    throw isFull(error) ? noSpace(path, dirname(path), error) : error;
  }
}

/** As `writeAtomically`, for a text; its folder is made if need be. */
export async function writeText(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeAtomically(path, (partial) => writeFile(partial, text));
}

/**
 * Removes what a run that was killed has left behind. Runs that are still alive keep theirs.
 * @param pattern for names; its group `owner` is an `OWNER`
 * @param removeOne for what others than this process's user own files in
 */
export async function sweep(folder: string, pattern: RegExp, removeOne = remove): Promise<void> {
  for (const name of await readdir(folder)) {
    const owner = pattern.exec(name)?.groups?.owner;
    // Where it is another user's, it stays: it harms nobody.
    if (owner !== undefined && isGone(owner)) await removeOne(join(folder, name)).catch(() => {});
  }
}

/** Until it is on disk: a file's bytes, or a folder's names. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
