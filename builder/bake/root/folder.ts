/** Trees on disk: what a recipe's `files/` holds, and one to be packed by programs that read no archive. */
import { createReadStream } from "node:fs";
import { chmod, lchown, link, lstat, lutimes, mkdir, open, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { StaticFile } from "../plan.ts";
import type { Entries, RootEntry, RootFile } from "./entry.ts";

/** @param folder where the files are, which a plan has listed */
export async function* filesIn(folder: string, files: readonly StaticFile[]): Entries {
  for (const { path, kind, content } of files) {
    const onDisk = join(folder, path);
    if (kind === "symlink") yield { path, kind, target: content };
    else {
      const { size } = await lstat(onDisk);
      yield {
        path,
        kind: "file",
        mode: kind === "executable" ? 0o755 : 0o644,
        size,
        content: createReadStream(onDisk),
      };
    }
  }
}

/** An entry that is on disk now. */
export interface EntryOnDisk {
  readonly path: string;
  readonly kind: "folder" | "file" | "symlink";
  readonly mode: number;
}

/**
 * Writes a tree with the modes and times of the image, and its owners where we may give files away.
 * @param root where it is made; nothing is there yet
 * @param epoch seconds since 1970
 * @returns its entries in the order of their paths' bytes, a folder before what is in it
 */
export async function writeFolder(entries: Entries, root: string, epoch: number): Promise<EntryOnDisk[]> {
  const written: EntryOnDisk[] = [];
  const isRoot = process.getuid?.() === 0;
  const finish = async (path: string, mode: number | undefined) => {
    if (isRoot) await lchown(path, 0, 0);
    // After the owner, with which setuid and setgid would go.
    if (mode !== undefined) await chmod(path, mode);
    await lutimes(path, epoch, epoch);
  };

  await mkdir(root);
  for await (const entry of entries) {
    const onDisk = join(root, entry.path);
    const { kind, mode } = await write(entry, onDisk, root);
    written.push({ path: entry.path, kind, mode });
    if (kind !== "folder") await finish(onDisk, kind === "file" ? mode : undefined);
  }
  written.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  // Last and inside out, for to put something into a folder changes the folder's time.
  const folders = written.filter(({ kind }) => kind === "folder").reverse();
  for (const { path, mode } of folders) await finish(join(root, path), mode);
  await finish(root, 0o755);
  return written;
}

async function write(entry: RootEntry, onDisk: string, root: string): Promise<Omit<EntryOnDisk, "path">> {
  switch (entry.kind) {
    case "folder":
      await mkdir(onDisk);
      return { kind: "folder", mode: 0o755 };
    case "symlink":
      await symlink(entry.target, onDisk);
      return { kind: "symlink", mode: 0o777 };
    case "hard-link": {
      await link(join(root, entry.to), onDisk);
      return { kind: "file", mode: (await lstat(onDisk)).mode & 0o7777 };
    }
    case "file":
      await writeContent(entry, onDisk);
      return { kind: "file", mode: entry.mode };
  }
}

async function writeContent({ content }: RootFile, onDisk: string): Promise<void> {
  await using handle = await open(onDisk, "wx");
  for await (const piece of content) await handle.writeFile(piece);
}
