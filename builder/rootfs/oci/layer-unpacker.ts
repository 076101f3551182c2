/** Has layers unpacked one after the other: large ones in a thread, so that several are at once. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ArchiveError } from "../../bake/root/tar-reader.ts";
import type { Spool } from "../../system/spool.ts";
import type { Failure, LayerOutcome, LayerTask } from "./layer-thread.ts";
import { Progress } from "./shared.ts";
import { type HashedLayer, type Unpacking, unpackHashed } from "./unpack-hashed.ts";

/** Compressed bytes, of which a thread takes as long to unpack as to start. */
export const LARGE_LAYER = 1024 ** 2;

export class LayerUnpacker implements AsyncDisposable {
  #thread: Worker | undefined;

  /**
   * @param size of the layer as it arrives, bytes
   * @throws ArchiveError for what no honest layer has; what the spool failed with; why it was given up
   */
  async unpack(spool: Spool, size: number, unpacking: Unpacking, signal: AbortSignal): Promise<HashedLayer> {
    if (size < LARGE_LAYER) return unpackHashed(heeding(signal, spool.read()), unpacking);
    this.#thread ??= new Worker(new URL("layer-thread.ts", import.meta.url));
    return unpackIn(this.#thread, spool, unpacking, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.terminate();
  }
}

async function* heeding(signal: AbortSignal, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    signal.throwIfAborted();
    yield piece;
  }
}

async function unpackIn(
  thread: Worker,
  spool: Spool,
  { path, allowance, algorithm }: Unpacking,
  signal: AbortSignal,
): Promise<HashedLayer> {
  const progress = new Progress();
  const giveUp = () => progress.end("given_up");
  let lost: { readonly error: unknown } | undefined;
  follow(spool, progress).catch((error: unknown) => {
    lost = { error };
    giveUp();
  });
  signal.addEventListener("abort", giveUp);
  try {
    if (signal.aborted) giveUp();
    const task = { file: spool.fd, progress: progress.shared, path, allowance: allowance.shared, algorithm };
    thread.postMessage(task satisfies LayerTask);
    // It answers whatever happens, so that nobody writes any more; an error of the thread itself is thrown.
    const [outcome] = (await once(thread, "message")) as [LayerOutcome];
    signal.throwIfAborted();
    if (lost !== undefined) throw lost.error;
    if ("failure" in outcome) throw revived(outcome.failure);
    return outcome;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

async function follow(spool: Spool, progress: Progress): Promise<void> {
  for await (const size of spool.growth()) progress.grow(size);
  progress.end("complete");
}

function revived({ isArchiveError, message, fields }: Failure): Error {
  return isArchiveError ? new ArchiveError(message) : Object.assign(new Error(message), fields);
}
