/** A thread that unpacks layers, one after the other, each while it arrives. */
import { readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { ArchiveError } from "../../bake/root/tar-reader.ts";
import { Allowance, Progress } from "./shared.ts";
import { type HashedLayer, unpackHashed } from "./unpack-hashed.ts";

export interface LayerTask {
  /** The compressed layer: a file descriptor of the process. */
  readonly file: number;
  readonly progress: Progress["shared"];
  /** An empty folder. */
  readonly path: string;
  readonly allowance: Allowance["shared"];
  /** What the content is to be hashed by. */
  readonly algorithm: string;
}

export type LayerOutcome = HashedLayer | { readonly failure: Failure };

/** What is left of an error between threads: they clone messages, and nothing else of ours. */
export interface Failure {
  readonly isArchiveError: boolean;
  readonly message: string;
  /** `code`, `syscall` and the like, of errors of the system. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Bytes that are read at once. */
const PIECE = 256 * 1024;

parentPort?.on("message", async (task: LayerTask) => {
  const outcome: LayerOutcome = await unpack(task).catch((error: unknown) => ({ failure: failureOf(error) }));
  parentPort?.postMessage(outcome);
});

async function unpack({ file, progress, path, allowance, algorithm }: LayerTask): Promise<LayerOutcome> {
  const bytes = arriving(file, new Progress(progress));
  return unpackHashed(bytes, { path, algorithm, allowance: new Allowance(allowance) });
}

/** Each piece is good until the next one is asked for. */
async function* arriving(file: number, progress: Progress): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(PIECE);
  for (let position = 0; await progress.moreThan(position); ) {
    // What has just been written is still in memory.
    const length = readSync(file, buffer, 0, Math.min(PIECE, progress.size - position), position);
    if (length === 0) throw new RangeError("a download's file has become shorter");
    position += length;
    yield buffer.subarray(0, length);
  }
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { isArchiveError: false, message: String(error), fields: {} };
  return { isArchiveError: error instanceof ArchiveError, message: error.message, fields: { ...error } };
}
