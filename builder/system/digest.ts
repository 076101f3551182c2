/** SHA-256 of texts and files, as lower-case hex. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

export function sha256Of(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A file's size in bytes and its sha256, read once. */
export async function measureFile(path: string): Promise<{ size: number; sha256: string }> {
  const hash = createHash("sha256");
  const content = createReadStream(path, { highWaterMark: 1024 ** 2 });
  await pipeline(content, hash);
  return { size: content.bytesRead, sha256: hash.digest("hex") };
}
