/** Unpacks a layer as it arrives, and hashes its content: the manifest knows it compressed, the config as it was before. */
import { createHash, type Hash } from "node:crypto";
import { nameWithin } from "../../bake/root/archive.ts";
import { decompress } from "../../bake/root/decompress.ts";
import { readTar } from "../../bake/root/tar-reader.ts";
import { type UnpackedLayer, unpackLayer } from "./layer.ts";
import type { Allowance } from "./shared.ts";

export interface Unpacking {
  /** An empty folder. */
  readonly path: string;
  readonly allowance: Allowance;
  /** What the content is to be hashed by: `sha256`. */
  readonly algorithm: string;
}

export interface HashedLayer {
  readonly layer: UnpackedLayer;
  /** The digest of its content, in lower-case hex. */
  readonly hex: string;
}

/** @throws ArchiveError for what no honest layer has */
export async function unpackHashed(
  bytes: AsyncIterable<Uint8Array>,
  { path, allowance, algorithm }: Unpacking,
): Promise<HashedLayer> {
  const hash = createHash(algorithm);
  const entries = readTar(hashed(decompress(bytes), hash), { passesOver: isDevice });
  const { root, links } = await unpackLayer(entries, path, allowance);
  return { layer: { path, root, links }, hex: hash.digest("hex") };
}

async function* hashed(pieces: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

/** Trees from which people have made images have their devices there; containers get a `/dev` of their own. */
function isDevice(name: string): boolean {
  return nameWithin(name).startsWith("dev/");
}
