/** Sends the files of a draft: in parts, several at once, and only those that are missing. */
import { openAsBlob } from "node:fs";
import { join } from "node:path";
import { type Draft, type DraftFile, PART_BYTES, type Release } from "../../schema/index.ts";
import { sha256Of } from "../system/digest.ts";
import { inParallel } from "../system/in-parallel.ts";
import type { Progress, Transfer } from "../system/progress.ts";
import type { BakeryApi } from "./bakery-api.ts";
import { releasePath } from "./paths.ts";

export interface UploadOptions {
  readonly api: BakeryApi;
  readonly release: Release;
  readonly folder: string;
  readonly progress: Progress;
}

/** As many bodies are under way at once; a browser takes six, and so does a worker. */
const PARALLEL = 4;

interface Part {
  readonly file: DraftFile;
  readonly blob: Blob;
  readonly number: number;
}

/** @returns names of the files of which something was sent */
export async function uploadMissing({ draft, files }: Draft, options: UploadOptions): Promise<string[]> {
  const { folder, progress } = options;
  const incomplete = files.filter(({ missing }) => missing.length > 0);
  const parts: Part[] = [];
  const transfers = new Map<string, Transfer>();
  for (const file of incomplete) {
    const whole = await openAsBlob(join(folder, file.file));
    const missing = file.missing.map((number) => ({ file, number, blob: partOf(whole, number) }));
    parts.push(...missing);
    const total = missing.reduce((sum, { blob }) => sum + blob.size, 0);
    transfers.set(file.file, progress.transfer(file.file, total));
  }
  try {
    await inParallel(parts, PARALLEL, (part) => send(part, draft, options, transfers.get(part.file.file)));
  } finally {
    for (const transfer of transfers.values()) transfer.end();
  }
  return incomplete.map(({ file }) => file);
}

function partOf(whole: Blob, number: number): Blob {
  return whole.slice((number - 1) * PART_BYTES, number * PART_BYTES);
}

async function send({ file, blob, number }: Part, draft: string, { api, release }: UploadOptions, transfer?: Transfer) {
  const query = file.parts === 1 ? "" : `?part=${number}`;
  const digest = file.parts === 1 ? {} : { "content-digest": await contentDigest(blob) };
  const path = `${releasePath(release)}/files/${encodeURIComponent(file.file)}${query}`;
  const headers = { "if-match": `"${draft}"`, "content-type": "application/octet-stream", ...digest };
  let sent = 0;
  const body = () => {
    // Of a try that failed, what was sent is sent again.
    transfer?.advance(-sent);
    sent = 0;
    return new MeteredBlob(blob, (bytes) => {
      sent += bytes;
      transfer?.advance(bytes);
    });
  };
  await api.send({ method: "PUT", path, headers, body }, () => {});
}

/** RFC 9530 section 2 */
async function contentDigest(blob: Blob): Promise<string> {
  const hex = sha256Of(new Uint8Array(await blob.arrayBuffer()));
  return `sha-256=:${Buffer.from(hex, "hex").toString("base64")}:`;
}

/** A blob that tells how far it was read. As a stream it would have no length, which the bakery wants to know. */
export class MeteredBlob extends Blob {
  readonly #onBytes: (bytes: number) => void;

  constructor(blob: Blob, onBytes: (bytes: number) => void) {
    super([blob]);
    this.#onBytes = onBytes;
  }

  override stream(): ReturnType<Blob["stream"]> {
    const meter = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        this.#onBytes(chunk.length);
        controller.enqueue(chunk);
      },
    });
    return super.stream().pipeThrough(meter as never);
  }
}
