/** Has layers unpacked in a thread of its own, so that several are at once: hashing and unpacking is all that a pull does. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ArchiveError } from "../../bake/root/tar-reader.ts";
import type { Spool } from "../../system/spool.ts";
import type { UnpackedLayer } from "./layer.ts";
import type { Failure, LayerOutcome, LayerTask } from "./layer-thread.ts";
import { type Allowance, Progress } from "./shared.ts";

export interface Unpacking {
  /** An empty folder. */
  readonly path: string;
  readonly allowance: Allowance;
  /** What the content is to be hashed by. */
  readonly algorithm: string;
  readonly signal: AbortSignal;
}

export class LayerUnpacker implements AsyncDisposable {
  readonly #thread = new Worker(new URL("layer-thread.ts", import.meta.url));

  /**
   * One at a time.
   * @returns the layer, and the digest of its content in lower-case hex
   * @throws ArchiveError for what no honest layer has; what the spool failed with
   */
  async unpack(
    spool: Spool,
    { path, allowance, algorithm, signal }: Unpacking,
  ): Promise<{ readonly layer: UnpackedLayer; readonly hex: string }> {
    const progress = new Progress();
    const giveUp = () => progress.end("given_up");
    signal.addEventListener("abort", giveUp);
    if (signal.aborted) giveUp();
    let lost: { readonly error: unknown } | undefined;
    follow(spool, progress).catch((error: unknown) => {
      lost = { error };
      giveUp();
    });
    try {
      const task = { file: spool.fd, progress: progress.shared, path, allowance: allowance.shared, algorithm };
      this.#thread.postMessage(task satisfies LayerTask);
      // It answers whatever happens; an error of the thread itself is thrown.
      const [outcome] = (await once(this.#thread, "message")) as [LayerOutcome];
      signal.throwIfAborted();
      if (lost !== undefined) throw lost.error;
      if ("failure" in outcome) throw revived(outcome.failure);
      const layer: UnpackedLayer = { path, ...outcome.layer };
      return { layer, hex: outcome.hex };
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate();
  }
}

async function follow(spool: Spool, progress: Progress): Promise<void> {
  for await (const size of spool.growth()) progress.grow(size);
  progress.end("complete");
}

function revived({ isArchiveError, message, fields }: Failure): Error {
  return isArchiveError ? new ArchiveError(message) : Object.assign(new Error(message), fields);
}
