/** Decompresses what arrives, by its first bytes: gzip and zstd here, xz and bzip2 by the programs of these names. */
import type { Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { pump } from "../../system/pump.ts";
import { throughProgram } from "../../system/run.ts";
import { ByteReader } from "./byte-reader.ts";
import { ArchiveError } from "./tar-reader.ts";
import { zstdFrames } from "./zstd-frames.ts";

type Decompressor = (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** Larger pieces cross fewer threads. Bytes. */
const CHUNK = 256 * 1024;

const zstd = through(createZstdDecompress);
const MAGIC_LENGTH = 6;
const FORMATS: readonly (readonly [magic: Uint8Array, decompress: Decompressor])[] = [
  [Buffer.of(0x1f, 0x8b), through(createGunzip)],
  [Buffer.of(0x28, 0xb5, 0x2f, 0xfd), (bytes) => zstd(zstdFrames(bytes))],
  // A frame with something else in it may come first.
  [Buffer.of(0x50, 0x2a, 0x4d, 0x18), (bytes) => zstd(zstdFrames(bytes))],
  [Buffer.from("\xfd7zXZ\0", "latin1"), (bytes) => throughProgram("xz", ["-dc"], bytes, { package: "xz-utils" })],
  [Buffer.from("BZh"), (bytes) => throughProgram("bzip2", ["-dc"], bytes, { package: "bzip2" })],
];

/** What no software is: more, and so many times what came in. */
const BOMB = { bytes: 64 * 1024 ** 2, ratio: 100 };

/** What is not compressed passes as it is. */
export async function* decompress(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let arrived = 0;
  const reader = new ByteReader(counted(bytes, (length) => (arrived += length)));
  try {
    const head = await reader.exactly(MAGIC_LENGTH);
    reader.unread(head);
    const decompressor = FORMATS.find(([magic]) => head.subarray(0, magic.length).equals(magic))?.[1];
    if (decompressor === undefined) return yield* reader.rest();
    let made = 0;
    for await (const piece of decompressor(reader.rest())) {
      made += piece.length;
      refuseBomb(made, arrived);
      yield piece;
    }
  } finally {
    reader.close();
  }
}

/**
 * @param made bytes
 * @param arrived of so many bytes
 */
export function refuseBomb(made: number, arrived: number): void {
  if (made <= BOMB.bytes || made <= BOMB.ratio * arrived) return;
  throw new ArchiveError(`it unpacks to more than ${BOMB.ratio} times its size: a decompression bomb`);
}

export function through(create: (options: { readonly chunkSize: number }) => Transform): Decompressor {
  return (bytes) => {
    const transform = create({ chunkSize: CHUNK });
    // An error, on either side, is thrown to whoever reads.
    pump(bytes, transform).catch(() => {});
    return transform;
  };
}

async function* counted(bytes: AsyncIterable<Uint8Array>, count: (length: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    count(piece.length);
    yield piece;
  }
}
