/** Answers requests for bytes that are in memory. */
import { decideOutcome } from "../conditional.ts";
import { etagOf } from "../digest.ts";
import type { FileRequest, Source, StoredBody } from "./store.ts";

export interface MemoryFile {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly modified?: Date;
}

export function memoryBody({ bytes, sha256, modified }: MemoryFile, source: Source, request: FileRequest): StoredBody {
  const representation = { size: bytes.length, etag: etagOf(sha256), ...(modified !== undefined && { modified }) };
  const outcome = decideOutcome(request, representation);
  const file = { kind: "body", source, representation, outcome } as const;
  if (request.method === "HEAD") return { ...file, body: null };
  if (outcome.kind === "full") return { ...file, body: bytes };
  if (outcome.kind === "part") {
    return { ...file, body: bytes.subarray(outcome.offset, outcome.offset + outcome.length) };
  }
  return { ...file, body: null };
}
