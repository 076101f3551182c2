/** A thread that unpacks layers, one after the other, each while it arrives. */
import { createHash, type Hash } from "node:crypto";
import { readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { nameWithin } from "../../bake/root/archive.ts";
import { decompress } from "../../bake/root/decompress.ts";
import { ArchiveError, readTar } from "../../bake/root/tar-reader.ts";
import { type UnpackedLayer, unpackLayer } from "./layer.ts";
import { Allowance, Progress } from "./shared.ts";

export interface LayerTask {
  /** The compressed layer: a file descriptor of the process. */
  readonly file: number;
  readonly progress: Progress["shared"];
  /** An empty folder. */
  readonly path: string;
  readonly allowance: Allowance["shared"];
  /** Of what the content is to be hashed by: `sha256`. */
  readonly algorithm: string;
}

export type LayerOutcome =
  | { readonly layer: Pick<UnpackedLayer, "root" | "links">; readonly hex: string }
  | { readonly failure: Failure };

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
  const hash = createHash(algorithm);
  const pieces = hashed(decompress(arriving(file, new Progress(progress))), hash);
  const entries = readTar(pieces, { passesOver: isDevice });
  const { root, links } = await unpackLayer(entries, path, new Allowance(allowance));
  return { layer: { root, links }, hex: hash.digest("hex") };
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

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { isArchiveError: false, message: String(error), fields: {} };
  return { isArchiveError: error instanceof ArchiveError, message: error.message, fields: { ...error } };
}
