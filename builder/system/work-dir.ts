/**
 * Temporary folders and files that do not outlive what they were made for: removed when done, when failed, when
 * interrupted, and, after a kill that lets nobody clean up, by the next run.
 */
import { mkdir, mkdtemp, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { errorCode, ToolError } from "./errors.ts";

const PREFIX = "sysext-bakery-";

/** Gives `use` an empty folder, and removes it afterwards whatever happens. */
export async function withWorkDir<T>(use: (path: string) => Promise<T>): Promise<T> {
  await sweep(tmpdir(), /^sysext-bakery-(?<pid>[0-9]+)-/);
  const path = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  try {
    return await use(path);
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
  await sweep(dirname(path), new RegExp(`^\\.${RegExp.escape(name)}\\.partial-(?<pid>[0-9]+)$`));
  const partial = join(dirname(path), `.${name}.partial-${process.pid}`);
  try {
    const result = await write(partial);
    await flush(partial);
    await rename(partial, path);
    await flush(dirname(path));
    return result;
  } catch (error) {
    await remove(partial);
    if (errorCode(error) !== "ENOSPC") throw error;
    throw new ToolError(`no space left for ${path}`, { cause: error, hint: "free some space and run it again" });
  }
}

/** As `writeAtomically`, for a text; its folder is made if need be. */
export async function writeText(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeAtomically(path, (partial) => writeFile(partial, text));
}

/** Removes what a run that was killed has left behind. Runs that are still alive keep theirs. */
async function sweep(folder: string, pattern: RegExp): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = pattern.exec(name)?.groups?.pid;
    if (pid !== undefined && !isAlive(Number(pid))) await remove(join(folder, name));
  }
}

/** Whether a process of this id runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return errorCode(error) === "EPERM";
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
