/** Downloads one layer, and unpacks it as it arrives: as the manifest has it compressed, as the config has it not. */
import { createHash, type Hash } from "node:crypto";
import { nameWithin } from "../../bake/root/archive.ts";
import { decompress } from "../../bake/root/decompress.ts";
import { readTar } from "../../bake/root/tar-reader.ts";
import { DownloadBars } from "../../system/download-bars.ts";
import { BakeryError, rootMessage, UpstreamError, WrongContentError } from "../../system/errors.ts";
import { type Allowance, type UnpackedLayer, unpackLayer } from "./layer.ts";
import { describeReference } from "./reference.ts";
import { checkSize, type ImageDownload, type ImageOptions, type Layer, type OpenImage, takePart } from "./resolve.ts";

export interface Puller {
  readonly image: OpenImage;
  readonly kitchen: ImageOptions["kitchen"];
  readonly allowance: Allowance;
}

export interface Pulled {
  readonly layer: UnpackedLayer;
  readonly download: ImageDownload;
}

export async function pullLayer(layer: Layer, path: string, { image, kitchen, allowance }: Puller): Promise<Pulled> {
  const { repository } = image;
  const { digest, size, diffId } = layer;
  const url = repository.blobUrl(digest);
  const what = `layer ${shortOf(digest)}`;
  const bars = new DownloadBars(kitchen.progress);
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, ...(kitchen.signal === undefined ? [] : [kitchen.signal])]);
  const part = { url, digest, what, limit: size };
  await using arrival = await takePart(repository, part, { ...kitchen, signal }, bars.for(what));
  try {
    const hashed = new HashedPieces(decompress(arrival.spool.read()), diffId);
    try {
      const entries = readTar(hashed, { passesOver: isDevice });
      const unpacked = await unpackLayer(entries, path, allowance, signal);
      const measured = await arrival.measured;
      checkSize(url, size, measured.size);
      hashed.check(url);
      return { layer: unpacked, download: { url, ...measured } };
    } catch (error) {
      kitchen.signal?.throwIfAborted();
      // Of other bytes than the image's own, it is not their content that is to be spoken of.
      if (isContentError(error)) await arrival.measured;
      throw unpackError(error, image, digest);
    }
  } finally {
    // Nobody closes the file of a download that goes on.
    ended.abort();
    await arrival.measured.catch(() => {});
    bars.end();
  }
}

/** Passes pieces on, and knows in the end whether they were the right ones. */
class HashedPieces implements AsyncIterable<Uint8Array> {
  readonly #pieces: AsyncIterable<Uint8Array>;
  readonly #hash: Hash;
  readonly #expected: string;

  /** @param digest `sha256:…` */
  constructor(pieces: AsyncIterable<Uint8Array>, digest: string) {
    const [algorithm = "", hex = ""] = digest.split(":");
    this.#pieces = pieces;
    this.#hash = createHash(algorithm);
    this.#expected = hex;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#pieces) {
      this.#hash.update(piece);
      yield piece;
    }
  }

  /** @throws WrongContentError */
  check(url: string): void {
    const actual = this.#hash.digest("hex");
    if (actual === this.#expected) return;
    const details = { url, expected: this.#expected, actual };
    throw new WrongContentError("a layer unpacks to something else than the image's config says", { details });
  }
}

/** Trees from which people have made images have their devices there; containers get a `/dev` of their own. */
function isDevice(name: string): boolean {
  return nameWithin(name).startsWith("dev/");
}

/** The bytes are not what they should be, as against a disk that is full or a user who has had enough. */
function isContentError(error: unknown): boolean {
  return (
    error instanceof Error && !(error instanceof BakeryError) && !("syscall" in error) && error.name !== "AbortError"
  );
}

/** Which layer it was, for what its content is to blame for. */
export function unpackError(error: unknown, image: OpenImage, digest: string): unknown {
  if (!isContentError(error)) return error;
  const details = { image: image.reference, layer: digest, reason: rootMessage(error) };
  return new UpstreamError(`a layer of ${describeReference(image.repository.reference)} cannot be unpacked`, {
    details,
    cause: error,
  });
}

/** Enough to tell layers apart. */
function shortOf(digest: string): string {
  return digest.replace(/^[^:]*:/, "").slice(0, 12);
}
