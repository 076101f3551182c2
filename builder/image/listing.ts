/**
 * What an image says is in it, read before anything is unpacked. Images may be made to mislead: a name with a slash, or
 * one that is there twice, once as a symlink, would have a program write somewhere else than it was told.
 */
import { UserError } from "../system/errors.ts";
import { escapeControls, formatBytes } from "../system/format.ts";
import { type ImageEntry, isRead } from "./contents.ts";
import { damaged, type ImageFile } from "./image-file.ts";

export type Listed = Pick<ImageEntry, "path" | "kind" | "mode" | "size">;

/** An entry of a folder, as file systems have it. */
export interface Child {
  readonly name: string;
  /** Its inode's number. */
  readonly inode: number;
  /** With the bits of its type: inode(7) */
  readonly mode: number;
  /** Bytes; of what is no file it says nothing */
  readonly size: number;
}

/** More than any system extension has; what claims more is made to fill disks. Bytes, and a number. */
const MAX_UNPACKED = 16 * 1024 ** 3;
const MAX_ENTRIES = 500_000;
/** Of the files whose text is kept in memory, together. Bytes. */
const MAX_TEXTS = 64 * 1024 ** 2;
/** `S_IFMT` and what it may be here: inode(7) */
const TYPE = 0o170000;
const KINDS = new Map<number, ImageEntry["kind"]>([
  [0o100000, "file"],
  [0o040000, "folder"],
  [0o120000, "symlink"],
]);

/** Takes up entries one by one, and refuses what must not be unpacked. */
export class Listing {
  readonly #image: ImageFile;
  readonly #entries = new Map<string, Listed>();
  #unpacked = 0;
  #texts = 0;

  constructor(image: ImageFile) {
    this.#image = image;
  }

  get entries(): ReadonlyMap<string, Listed> {
    return this.#entries;
  }

  /** @param mode with the bits of its type */
  add(folder: string, { name, mode, size }: Omit<Child, "inode">): Listed {
    const path = folder === "" ? name : `${folder}/${name}`;
    // Not UTF-8: Node would not find it on the disk again.
    if (/^\.{0,2}$|[/\0\n\uFFFD]/.test(name)) throw this.#refuse(`no name of a file: ${path}`);
    if (this.#entries.has(path)) throw this.#refuse(`${path} is there twice`);
    const kind = KINDS.get(mode & TYPE);
    if (kind === undefined) {
      throw new UserError(`${escapeControls(path)} in ${this.#image.name} is neither file, folder nor symlink`, {
        hint: "a system extension cannot have devices, pipes or sockets",
      });
    }
    const entry = { path, kind, mode: mode & 0o7777, size: kind === "file" ? size : 0 };
    this.#entries.set(path, entry);
    this.#unpacked += entry.size;
    if (isRead(entry)) this.#texts += entry.size;
    this.#checkLimits();
    return entry;
  }

  #checkLimits(): void {
    const isWithin = this.#entries.size <= MAX_ENTRIES && this.#unpacked <= MAX_UNPACKED && this.#texts <= MAX_TEXTS;
    if (isWithin) return;
    const limits = `${formatBytes(MAX_UNPACKED)}, ${MAX_ENTRIES} entries, ${formatBytes(MAX_TEXTS)} of unit files`;
    throw new UserError(`${this.#image.name} is too large to be unpacked`, { details: { limits } });
  }

  #refuse(found: string): UserError {
    return damaged(this.#image, found);
  }
}

/**
 * Lists a file system from its root on.
 * @param read what is in each of the folders with these inodes, in their order, without `.` and `..`
 */
export async function listFolders(
  image: ImageFile,
  root: number,
  read: (inodes: readonly number[]) => Promise<readonly (readonly Child[])[]>,
): Promise<Listing> {
  const listing = new Listing(image);
  const seen = new Set([root]);
  for (let level = [{ path: "", inode: root }]; level.length > 0; ) {
    const contents = await read(level.map(({ inode }) => inode));
    const next: typeof level = [];
    for (const [at, { path: folder }] of level.entries()) {
      for (const child of contents[at] ?? []) {
        const { path, kind } = listing.add(folder, child);
        if (kind !== "folder") continue;
        if (seen.has(child.inode)) throw damaged(image, `the folder ${path} is in two places`);
        seen.add(child.inode);
        next.push({ path, inode: child.inode });
      }
    }
    level = next;
  }
  return listing;
}
