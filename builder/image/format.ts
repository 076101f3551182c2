/** Which file system an image is, by its magic bytes, and what its superblock tells of it. */
import { open } from "node:fs/promises";
import { IMAGE_FORMATS, type ImageFormat } from "../../schema/index.ts";
import { UserError } from "../system/errors.ts";

export interface Superblock {
  readonly format: ImageFormat;
  /** Where the superblock says it: that of btrfs knows no zlib. */
  readonly compression?: string | undefined;
  /** Bytes */
  readonly blockSize: number;
  /** How large the file must be at the least. Bytes. */
  readonly extent: number;
}

/** The last superblock that is looked for, btrfs's at 64 KiB, and what is read of it. */
const HEAD_BYTES = 0x10000 + 256;
const EXT_SUPERBLOCK = 1024;
const EROFS_SUPERBLOCK = 1024;
const BTRFS_SUPERBLOCK = 0x10000;

/**
 * @param path the file
 * @param name what messages call it
 * @throws UserError for what is no image, or not all of one
 */
export async function readSuperblock(path: string, name: string): Promise<Superblock> {
  const { head, size } = await readHead(path);
  const found = [squashfs, erofs, ext, btrfs].map((read) => read(head)).find((one) => one !== undefined);
  if (found === undefined) {
    const details = { known: IMAGE_FORMATS.join(", "), size: `${size} bytes` };
    throw new UserError(`${name} is no image`, { details, hint: "give the .raw file of a system extension" });
  }
  if (size < found.extent) {
    throw new UserError(`${name} is cut short`, {
      details: { expected: `${found.extent} bytes, by its superblock`, actual: `${size} bytes` },
      hint: "get it again",
    });
  }
  return found;
}

/** As many bytes as there are, with zeros behind them: so every field can be read, and none of them is a magic. */
async function readHead(path: string): Promise<{ head: Buffer; size: number }> {
  const handle = await open(path);
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    await handle.read(head, 0, HEAD_BYTES, 0);
    return { head, size: (await handle.stat()).size };
  } finally {
    await handle.close();
  }
}

/** https://docs.kernel.org/filesystems/squashfs.html, squashfs_fs.h: ids of compressions */
const SQUASHFS_COMPRESSIONS = new Map([
  [1, "gzip"],
  [2, "lzma"],
  [3, "lzo"],
  [4, "xz"],
  [5, "lz4"],
  [6, "zstd"],
]);

function squashfs(head: Buffer): Superblock | undefined {
  if (head.toString("latin1", 0, 4) !== "hsqs") return undefined;
  return {
    format: "squashfs",
    compression: SQUASHFS_COMPRESSIONS.get(head.readUInt16LE(20)),
    blockSize: head.readUInt32LE(12),
    extent: Number(head.readBigUInt64LE(40)),
  };
}

/** erofs_fs.h: bits of `available_compr_algs`, which is there with the feature COMPR_CFGS */
const EROFS_COMPRESSIONS = ["lz4", "lzma", "deflate", "zstd"];
const EROFS_COMPR_CFGS = 0x2;
/** Set by whoever compresses with lz4. */
const EROFS_ZERO_PADDING = 0x1;

function erofs(head: Buffer): Superblock | undefined {
  const block = head.subarray(EROFS_SUPERBLOCK);
  if (block.readUInt32LE(0) !== 0xe0f5e1e2) return undefined;
  const features = block.readUInt32LE(80);
  const algorithms = block.readUInt16LE(84);
  const named = EROFS_COMPRESSIONS.filter((_, bit) => algorithms & (1 << bit)).join(", ");
  const plain = features & EROFS_ZERO_PADDING ? "lz4" : "none";
  const blockSize = 2 ** (block[12] ?? 0);
  return {
    format: "erofs",
    compression: features & EROFS_COMPR_CFGS ? named : plain,
    blockSize,
    extent: block.readUInt32LE(36) * blockSize,
  };
}

/** https://docs.kernel.org/filesystems/ext4/super.html: bits of `s_feature_incompat` */
const EXT_EXTENTS = 0x40;
const EXT_64BIT = 0x80;

function ext(head: Buffer): Superblock | undefined {
  const block = head.subarray(EXT_SUPERBLOCK);
  if (block.readUInt16LE(56) !== 0xef53) return undefined;
  const features = block.readUInt32LE(96);
  const blockSize = 1024 * 2 ** block.readUInt32LE(24);
  const blocks = block.readUInt32LE(4) + (features & EXT_64BIT ? block.readUInt32LE(0x150) * 2 ** 32 : 0);
  const format = features & EXT_EXTENTS ? "ext4" : "ext2";
  return { format, compression: "none", blockSize, extent: blocks * blockSize };
}

/** https://btrfs.readthedocs.io/en/latest/dev/On-disk-format.html: bits of `incompat_flags` */
const BTRFS_LZO = 0x8;
const BTRFS_ZSTD = 0x10;

function btrfs(head: Buffer): Superblock | undefined {
  const block = head.subarray(BTRFS_SUPERBLOCK);
  if (block.toString("latin1", 64, 72) !== "_BHRfS_M") return undefined;
  const flags = block.readUInt32LE(188);
  const compression = flags & BTRFS_ZSTD ? "zstd" : flags & BTRFS_LZO ? "lzo" : undefined;
  return {
    format: "btrfs",
    ...(compression !== undefined && { compression }),
    blockSize: block.readUInt32LE(144),
    extent: Number(block.readBigUInt64LE(112)),
  };
}
