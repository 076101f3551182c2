/** What a build has made in a folder, as entries of an image. */
import { createReadStream, type Stats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../system/errors.ts";
import { type Entries, fileMode, type RootEntry } from "../root/entry.ts";

/** In the order of names, so that it does not depend on the file system. */
export async function* entriesOfOutput(folder: string): Entries {
  /** By device and inode: where a file with several names was first. */
  const linked = new Map<string, string>();
  yield* below("");

  async function* below(at: string): Entries {
    const names = await readdir(join(folder, at));
    for (const name of names.sort(byBytes)) {
      const path = at === "" ? name : `${at}/${name}`;
      const stats = await lstat(join(folder, path));
      yield await entryOf(path, stats);
      if (stats.isDirectory()) yield* below(path);
    }
  }

  async function entryOf(path: string, stats: Stats): Promise<RootEntry> {
    const onDisk = join(folder, path);
    if (stats.isDirectory()) return { path, kind: "folder" };
    if (stats.isSymbolicLink()) return { path, kind: "symlink", target: await readlink(onDisk) };
    if (!stats.isFile()) throw new UserError(`a build has made ${path}, which is neither file, folder nor symlink`);
    if (stats.nlink > 1) {
      const file = `${stats.dev}:${stats.ino}`;
      const to = linked.get(file);
      if (to !== undefined) return { path, kind: "hard-link", to };
      linked.set(file, path);
    }
    const { size } = stats;
    return { path, kind: "file", mode: fileMode(stats.mode), size, content: createReadStream(onDisk) };
  }
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
