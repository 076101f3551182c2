/** Files that machines are made of, below `machines/` of the cache: made once, and gone when long unused. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ToolError } from "../../system/errors.ts";
import { writeAtomically } from "../../system/work-dir.ts";
import { removeOld, touch } from "../kept.ts";

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
