/** Files that machines are made of, below `machines/` of the cache: made once, and gone when long unused. */
import { join } from "node:path";
import { openKept, removeOld, touch } from "../../system/kept.ts";
import { writeAtomically } from "../../system/work-dir.ts";

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
    await openKept(folder, "what machines are made of");
    await writeAtomically(path, make);
    await removeOld(folder);
  }
  return path;
}
