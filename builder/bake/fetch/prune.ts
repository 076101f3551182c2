/** Keeps the download cache from growing without end: what nobody has used for long goes, and the oldest beyond a size. */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

export interface PruneLimits {
  /** Milliseconds since the last use. */
  readonly age: number;
  /** Of all files together. */
  readonly bytes: number;
}

const DAY = 24 * 60 * 60 * 1_000;
const LIMITS: PruneLimits = { age: 60 * DAY, bytes: 20 * 1024 ** 3 };

/** What is in use stays readable: a file that is open outlives its name. */
export async function prune(folder: string, { age, bytes }: PruneLimits = LIMITS, now = Date.now()): Promise<void> {
  let total = 0;
  for (const { path, size, usedAt } of await filesOf(folder)) {
    total += size;
    if (now - usedAt > age || total > bytes) await rm(path, { force: true });
  }
}

/** Those of downloads, and of lists. What else is kept beside them has rules of its own, as apt's lists and the trees of guests. */
const FOLDERS = ["files", "partial", "known", "answers", "apt/archives"];

/** The last used one first. */
async function filesOf(folder: string) {
  const listed = FOLDERS.map(async (one) => {
    const names = await readdir(join(folder, one), { recursive: true }).catch(() => []);
    return names.map((name) => join(one, name));
  });
  const names = (await Promise.all(listed)).flat();
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      // Another run may be at the same.
      const stats = await stat(path).catch(() => undefined);
      return stats?.isFile() ? [{ path, size: stats.size, usedAt: stats.mtimeMs }] : [];
    }),
  );
  return found.flat().sort((a, b) => b.usedAt - a.usedAt);
}
