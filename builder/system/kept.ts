/** What is made once and kept between runs, in folders of the cache: it goes when it has long not been used. */
import { mkdir, readdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, ToolError } from "./errors.ts";
import { isFull, noSpace } from "./no-space.ts";
import { remove } from "./remove.ts";

/** Milliseconds. An older checkout may want what another recipe made. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;

/** Whether it is there; it counts as used now. */
export async function touch(path: string): Promise<boolean> {
  return utimes(path, new Date(), new Date()).then(
    () => true,
    () => false,
  );
}

/**
 * Makes a folder of the cache, if need be.
 * @param what is kept there, for errors
 * @throws ToolError
 */
export async function openKept(folder: string, what: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    if (isFull(cause)) throw noSpace(what, folder, cause, "BAKERY_CACHE");
    throw new ToolError(`${what} cannot be kept`, {
      details: { folder, reason: errorCode(cause) ?? String(cause) },
      hint: "set BAKERY_CACHE to a folder that can be written",
      cause,
    });
  });
}

/**
 * A file that somebody has open outlives its name.
 * @param removeOne for what others than this process's user own things in
 */
export async function removeOld(folder: string, removeOne = remove): Promise<void> {
  for (const name of await readdir(folder)) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > KEPT_MS) {
      await removeOne(join(folder, name));
    }
  }
}
