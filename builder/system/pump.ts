/** Writes what comes to a stream, one piece at a time: none is asked for before the one before has been taken. */
import type { Writable } from "node:stream";

/**
 * Unlike `pipeline`, which reads ahead, for pieces that are reused by whoever yields them. Ends the stream.
 * @throws what `pieces` throws, and what the stream fails with
 */
export async function pump(pieces: AsyncIterable<Uint8Array>, to: Writable): Promise<void> {
  try {
    for await (const piece of pieces) await written(to, piece);
    to.end();
  } catch (error) {
    to.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

function written(to: Writable, piece: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  to.write(piece, (error) => (error ? reject(error) : resolve()));
  return promise;
}
