/** What is in an extension root or an image: what checks look at, and what `inspect` and `diff` show. */
import { lstat, open, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../system/errors.ts";
import { ELF_HEAD_BYTES, type Elf, readElf } from "./elf.ts";

export interface ImageEntry {
  /** Relative to the root, `usr/bin/tool`. */
  readonly path: string;
  readonly kind: "file" | "folder" | "symlink";
  /** Permissions, with setuid, setgid and sticky bit; of a symlink always 0777 */
  readonly mode: number;
  /** Bytes; 0 of what is no file */
  readonly size: number;
  /** Of a symlink: as it stands in it */
  readonly target?: string;
  /** Of an ELF file */
  readonly elf?: Elf;
}

export interface Contents {
  /** By path; the root itself is none */
  readonly entries: readonly ImageEntry[];
  /** The text of files that systemd reads, by path: those for which `isRead` is true */
  readonly texts: ReadonlyMap<string, string>;
}

const READ =
  /^(?:usr\/(?:local\/)?lib\/systemd\/(?:system|user)\/|usr\/lib\/(?:extension-release|sysusers|tmpfiles)\.d\/)/;
/** More than any unit file has. Bytes. */
const MAX_READ = 256 * 1024;

/** Whether a file's text is part of `Contents`. */
export function isRead({ path, size }: { readonly path: string; readonly size: number }): boolean {
  return size <= MAX_READ && READ.test(path);
}

/** What is in a folder, in the order of bytes. */
export async function readTree(root: string): Promise<Contents> {
  const entries: ImageEntry[] = [];
  const texts = new Map<string, string>();
  const visit = async (folder: string): Promise<void> => {
    for (const name of (await readdir(join(root, folder))).sort()) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const entry = await readEntry(root, path);
      entries.push(entry);
      if (entry.kind === "folder") await visit(path);
      else if (entry.kind === "file" && isRead(entry)) texts.set(path, await readFile(join(root, path), "utf8"));
    }
  };
  await visit("");
  return { entries, texts };
}

async function readEntry(root: string, path: string): Promise<ImageEntry> {
  const onDisk = join(root, path);
  const stats = await lstat(onDisk);
  const mode = stats.mode & 0o7777;
  if (stats.isDirectory()) return { path, kind: "folder", mode, size: 0 };
  if (stats.isSymbolicLink()) return { path, kind: "symlink", mode: 0o777, size: 0, target: await readlink(onDisk) };
  if (!stats.isFile()) throw new UserError(`${path} is neither file, folder nor symlink`);
  const elf = readElf(await readHead(onDisk));
  return { path, kind: "file", mode, size: stats.size, ...(elf !== undefined && { elf }) };
}

async function readHead(path: string): Promise<Uint8Array> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(ELF_HEAD_BYTES), 0, ELF_HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
