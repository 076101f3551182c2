/** What guests and virtual machines are made of is kept between runs, and goes when it has long not been used. */
import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

/** Milliseconds. An older checkout may want what another recipe made. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;

/** Whether it is there; it counts as used now. */
export async function touch(path: string): Promise<boolean> {
  return utimes(path, new Date(), new Date()).then(
    () => true,
    () => false,
  );
}

/** A file that a guest has open outlives its name. */
export async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > KEPT_MS) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}
