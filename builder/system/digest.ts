/** SHA-256 of texts and files, as lower-case hex. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

/** Bytes that are read at once. */
const PIECE = 1024 ** 2;

export function sha256Of(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A file's size in bytes and its sha256, read once. */
export async function measureFile(path: string): Promise<{ size: number; sha256: string }> {
  await using file = await open(path);
  const hash = createHash("sha256");
  // One buffer for all of it: as many as a large file has pieces would stay in memory for long.
  const buffer = Buffer.allocUnsafe(PIECE);
  for (let size = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, PIECE);
    if (bytesRead === 0) return { size, sha256: hash.digest("hex") };
    hash.update(buffer.subarray(0, bytesRead));
    size += bytesRead;
  }
}
