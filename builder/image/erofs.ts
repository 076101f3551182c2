/**
 * Reads erofs images: folders by ourselves, for no program lists them and fsck.erofs took any name for long; files by
 * fsck.erofs.
 *
 * https://docs.kernel.org/filesystems/erofs.html, erofs_fs.h
 */
import { type FileHandle, open } from "node:fs/promises";
import type { Tool } from "../bake/pack/tool.ts";
import { damaged, type ImageFile, need, runOn } from "./image-file.ts";
import { type Child, listFolders } from "./listing.ts";
import type { Reader } from "./unpack.ts";

const FSCK_EROFS: Tool = {
  command: "fsck.erofs",
  versionArgs: ["-V"],
  pattern: /fsck\.erofs[^0-9\n]*(?<version>[0-9]+\.[0-9.]+)/,
  package: "erofs-utils",
};

const SUPERBLOCK = 1024;
/** Inodes lie at multiples of this. */
const SLOT_BYTES = 32;
const DIRENT_BYTES = 12;
/** `EROFS_INODE_FLAT_PLAIN`, and `EROFS_INODE_FLAT_INLINE`: the last block follows the inode. */
const PLAIN = 0;
const INLINE = 2;
/** A folder of so many bytes has more entries than any image may. */
const MAX_FOLDER = 32 * 1024 ** 2;

interface Inode {
  readonly mode: number;
  readonly size: number;
  readonly layout: number;
  /** Of the first block of its content. */
  readonly block: number;
  /** Where what follows the inode begins. */
  readonly end: number;
}

export const erofs: Reader = {
  async list(image) {
    await need(FSCK_EROFS);
    const handle = await open(image.path);
    try {
      const folders = new Folders(image, handle);
      const root = (await folders.read(SUPERBLOCK, 48)).readUInt16LE(14);
      return await listFolders(image, root, async (inodes) => {
        const contents: Child[][] = [];
        for (const inode of inodes) contents.push(await folders.childrenOf(inode));
        return contents;
      });
    } finally {
      await handle.close();
    }
  },

  async unpack(image, folder, signal) {
    const args = [`--extract=${folder}`, "--overwrite", "--no-preserve", image.path];
    await runOn(image, "fsck.erofs", args, { signal });
  },
};

class Folders {
  readonly #image: ImageFile;
  readonly #handle: FileHandle;
  #inodes: number | undefined;

  constructor(image: ImageFile, handle: FileHandle) {
    this.#image = image;
    this.#handle = handle;
  }

  async childrenOf(number: number): Promise<Child[]> {
    const content = await this.#contentOf(await this.#inode(number));
    const { blockSize } = this.#image.superblock;
    const children: Child[] = [];
    for (let at = 0; at < content.length; at += blockSize) {
      for (const { name, inode } of this.#direntsIn(content.subarray(at, at + blockSize))) {
        if (name === "." || name === "..") continue;
        const { mode, size } = await this.#inode(inode);
        children.push({ name, inode, mode, size });
      }
    }
    return children;
  }

  /** A block begins with its entries, and the first of them says where the names do. */
  #direntsIn(block: Buffer): { name: string; inode: number }[] {
    const offsetOf = (at: number) => (at + DIRENT_BYTES <= block.length ? block.readUInt16LE(at + 8) : 0);
    const names = offsetOf(0);
    const count = names / DIRENT_BYTES;
    if (count < 1 || !Number.isInteger(count) || names > block.length) throw this.#broken();
    return Array.from({ length: count }, (_, index) => {
      const at = index * DIRENT_BYTES;
      const [start, end] = [offsetOf(at), index + 1 < count ? offsetOf(at + DIRENT_BYTES) : block.length];
      if (start < names || end <= start || end > block.length) throw this.#broken();
      // The last name may be followed by zeros.
      const name = block.toString("utf8", start, end).replace(/\0+$/, "");
      return { name, inode: Number(block.readBigUInt64LE(at)) };
    });
  }

  async #contentOf({ mode, size, layout, block, end }: Inode): Promise<Buffer> {
    if ((mode & 0o170000) !== 0o040000 || size > MAX_FOLDER) throw this.#broken();
    const { blockSize } = this.#image.superblock;
    if (layout === PLAIN) return this.read(block * blockSize, size);
    if (layout !== INLINE) throw damaged(this.#image, `folders of layout ${layout}, which is not known here`);
    const inBlocks = Math.floor(size / blockSize) * blockSize;
    return Buffer.concat([await this.read(block * blockSize, inBlocks), await this.read(end, size - inBlocks)]);
  }

  async #inode(number: number): Promise<Inode> {
    this.#inodes ??= (await this.read(SUPERBLOCK, 48)).readUInt32LE(40) * this.#image.superblock.blockSize;
    const start = this.#inodes + number * SLOT_BYTES;
    const head = await this.read(start, 32);
    const format = head.readUInt16LE(0);
    const isExtended = (format & 1) === 1;
    const attributes = head.readUInt16LE(2);
    return {
      mode: head.readUInt16LE(4),
      size: isExtended ? Number(head.readBigUInt64LE(8)) : head.readUInt32LE(8),
      layout: (format >> 1) & 7,
      block: head.readUInt32LE(16),
      end: start + (isExtended ? 64 : 32) + (attributes > 0 ? 12 + (attributes - 1) * 4 : 0),
    };
  }

  async read(position: number, length: number): Promise<Buffer> {
    if (!Number.isSafeInteger(position)) throw this.#broken();
    const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(length), 0, length, position);
    if (bytesRead < length) throw this.#broken();
    return buffer;
  }

  #broken(): Error {
    return damaged(this.#image, "a folder that cannot be read");
  }
}
