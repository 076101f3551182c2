/** Files that machines are made of, below `machines/` of the cache: made once, and gone when long unused. */
import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { ToolError } from "../../system/errors.ts";
import { writeAtomically } from "../../system/work-dir.ts";

const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;

/** @param cache the folder of all caches */
export function machinesFolder(cache: string): string {
  return join(cache, "machines");
}

/**
 * @param name says what the file was made of: another content has another name
 * @param make writes it to a path that nothing is at
 * @returns its path
 */
export async function keptFile(cache: string, name: string, make: (path: string) => Promise<void>): Promise<string> {
  const folder = machinesFolder(cache);
  const path = join(folder, name);
  if (!(await touch(path))) {
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      const hint = "set BAKERY_CACHE to a folder that can be written";
      throw new ToolError("what guests are made of cannot be kept", { details: { folder }, hint, cause });
    });
    await writeAtomically(path, make);
    await removeOld(folder);
  }
  return path;
}

/** Whether it is there; it counts as used now. */
export async function touch(path: string): Promise<boolean> {
  return utimes(path, new Date(), new Date()).then(
    () => true,
    () => false,
  );
}

/** A file that a guest has open outlives its name. */
async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > KEPT_MS) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}
