/** Packs a tree that lies on disk, as bakes pack what passes by. */
import { createReadStream } from "node:fs";
import { lstat, mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Packer, PackOptions } from "../../builder/bake/pack/packer.ts";
import { type Entries, fileMode } from "../../builder/bake/root/entry.ts";

/** What is in a folder, by the order of names, whatever the order in which it was made. */
export async function* entriesOf(folder: string, below = ""): Entries {
  for (const name of (await readdir(join(folder, below))).sort()) {
    const path = below === "" ? name : `${below}/${name}`;
    const onDisk = join(folder, path);
    const stats = await lstat(onDisk);
    if (stats.isDirectory()) {
      yield { path, kind: "folder" };
      yield* entriesOf(folder, path);
    } else if (stats.isSymbolicLink()) yield { path, kind: "symlink", target: await readlink(onDisk) };
    else yield { path, kind: "file", mode: fileMode(stats.mode), size: stats.size, content: createReadStream(onDisk) };
  }
}

export async function packFolder(
  packer: Packer,
  root: string,
  file: string,
  options: Omit<PackOptions, "scratch">,
): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "scratch-"));
  try {
    await packer.pack(entriesOf(root), file, { ...options, scratch });
  } finally {
    await rm(scratch, { recursive: true });
  }
}
