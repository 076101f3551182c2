/** Takes out of a tree what differs between those who make it: umask, times, owners. */
import { chmod, lchown, lstat, lutimes, readdir } from "node:fs/promises";
import { join } from "node:path";

export interface Entry {
  /** Below the root, without a slash at the front. */
  readonly path: string;
  readonly kind: "folder" | "file" | "symlink";
  readonly mode: number;
}

/** @returns all entries below the root, folders before what is in them, sorted by their bytes */
export async function normalise(root: string, epoch: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  await visit(root, "", epoch, entries);
  return entries;
}

async function visit(root: string, path: string, epoch: number, entries: Entry[]): Promise<void> {
  const onDisk = join(root, path);
  const stats = await lstat(onDisk);
  const isFolder = stats.isDirectory();
  if (process.getuid?.() === 0) await lchown(onDisk, 0, 0);
  if (stats.isSymbolicLink()) entries.push({ path, kind: "symlink", mode: 0o777 });
  else {
    const mode = isFolder || stats.mode & 0o100 ? 0o755 : 0o644;
    await chmod(onDisk, mode);
    if (path !== "") entries.push({ path, kind: isFolder ? "folder" : "file", mode });
  }
  if (isFolder) {
    const names = (await readdir(onDisk)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const name of names) await visit(root, path === "" ? name : `${path}/${name}`, epoch, entries);
  }
  // Last, for to change what is in a folder changes the folder's time.
  await lutimes(onDisk, epoch, epoch);
}
