/** Downloads one layer, and unpacks it as it arrives: as the manifest has it compressed, as the config has it not. */
import { DownloadBars } from "../../system/download-bars.ts";
import { BakeryError, rootMessage, UpstreamError, WrongContentError } from "../../system/errors.ts";
import type { UnpackedLayer } from "./layer.ts";
import type { LayerUnpacker } from "./layer-unpacker.ts";
import { describeReference } from "./reference.ts";
import { checkSize, type ImageDownload, type ImageOptions, type Layer, type OpenImage, takePart } from "./resolve.ts";
import type { Allowance } from "./shared.ts";

export interface Puller {
  readonly image: OpenImage;
  readonly kitchen: ImageOptions["kitchen"];
  readonly allowance: Allowance;
  readonly unpacker: LayerUnpacker;
}

export interface Pulled {
  readonly layer: UnpackedLayer;
  readonly download: ImageDownload;
}

export async function pullLayer(layer: Layer, path: string, puller: Puller): Promise<Pulled> {
  const { image, kitchen, allowance, unpacker } = puller;
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
    const [algorithm = ""] = diffId.split(":");
    const unpacked = await unpacker.unpack(arrival.spool, size, { path, allowance, algorithm }, signal);
    const measured = await arrival.measured;
    checkSize(url, size, measured.size);
    checkContent(url, algorithm, unpacked.hex, diffId);
    return { layer: unpacked.layer, download: { url, ...measured } };
  } catch (error) {
    kitchen.signal?.throwIfAborted();
    // Of other bytes than the image's own, it is not their content that is to be spoken of.
    if (isContentError(error)) await arrival.measured;
    throw unpackError(error, image, digest);
  } finally {
    // Nobody closes the file of a download that goes on.
    ended.abort();
    await arrival.measured.catch(() => {});
    bars.end();
  }
}

/** @throws WrongContentError where it is not what the image's config says */
function checkContent(url: string, algorithm: string, hex: string, expected: string): void {
  const actual = `${algorithm}:${hex}`;
  if (actual === expected) return;
  const details = { url, expected, actual };
  throw new WrongContentError("a layer unpacks to something else than the image's config says", { details });
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
