/** A file that is read while it is still arriving: a download that waits for nobody, and that many may read. */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { Sink } from "./http.ts";

export type HashAlgorithm = "sha256" | "sha512";

export interface Measured {
  /** bytes */
  readonly size: number;
  /** lower-case hex */
  readonly sha256: string;
}

/** What has come to its end, and may be read anywhere. */
export interface Whole {
  /** bytes */
  readonly size: number;
  /** As many bytes from there on; each piece is good until the next one is asked for. Throws where there are fewer. */
  read(position: number, length: number): AsyncGenerator<Uint8Array>;
}

/** Bytes that are read at once. */
const PIECE = 256 * 1024;
/** As many tell what a file is. */
const HEAD = 1024;

export class Spool implements Sink, AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #hashes: Map<HashAlgorithm, Hash>;
  readonly #length = Promise.withResolvers<number>();
  #size = 0;
  #expected: number | undefined;
  #isComplete = false;
  #failure: { readonly error: unknown } | undefined;
  /** Resolved when there is something new to know. */
  #news = Promise.withResolvers<void>();

  private constructor(handle: FileHandle, algorithms: readonly HashAlgorithm[]) {
    this.#handle = handle;
    this.#hashes = new Map(["sha256" as const, ...algorithms].map((name) => [name, createHash(name)]));
    // Not every reader asks for it.
    this.#length.promise.catch(() => {});
  }

  /**
   * What is in the file already is taken up, and hashed.
   * @param algorithms what is needed beside sha256
   */
  static async open(path: string, algorithms: readonly HashAlgorithm[]): Promise<Spool> {
    // Not "a+": what is appended would go to the end, also where nobody has hashed it.
    const handle = await open(path, "r+").catch(() => open(path, "w+", 0o600));
    const spool = new Spool(handle, algorithms);
    try {
      await spool.#takeUp();
      return spool;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Told before it is complete, if its sender says it. Rejects when the download fails. */
  get length(): Promise<number> {
    return this.#length.promise;
  }

  expect(total: number): void {
    this.#expected ??= total;
    this.#length.resolve(this.#expected);
  }

  async write(piece: Uint8Array): Promise<void> {
    // A file system may take less than it is given.
    for (let at = 0; at < piece.length; ) {
      at += (await this.#handle.write(piece, at, piece.length - at, this.#size + at)).bytesWritten;
    }
    this.#add(piece);
  }

  digest(algorithm: HashAlgorithm = "sha256"): string {
    const hash = this.#hashes.get(algorithm);
    if (hash === undefined) throw new RangeError(`nobody asked for ${algorithm}`);
    return hash.copy().digest("hex");
  }

  complete(): Measured {
    this.#isComplete = true;
    this.#length.resolve(this.#size);
    this.#tell();
    return { size: this.#size, sha256: this.digest() };
  }

  /** Readers are told so, wherever they are. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.#length.reject(error);
    this.#tell();
  }

  /**
   * From the first byte to the last one, waiting for those that are still to come. Each piece is good until the next
   * one is asked for: a buffer for each would keep the garbage collector busy with nothing else.
   */
  async *read(): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.allocUnsafe(PIECE);
    for (let position = 0; ; ) {
      if (position < this.#size) {
        const length = Math.min(PIECE, this.#size - position);
        const { bytesRead } = await this.#handle.read(buffer, 0, length, position);
        if (bytesRead === 0) throw new RangeError("a download's file has become shorter");
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      } else if (this.#failure !== undefined) throw this.#failure.error;
      else if (this.#isComplete) return;
      else await this.#news.promise;
    }
  }

  /** Its open file, for readers in other threads: positions are theirs. */
  get fd(): number {
    return this.#handle.fd;
  }

  /** How many bytes are there, each time that there are more. Throws as `read` does. */
  async *growth(): AsyncGenerator<number> {
    for (let told = 0; ; ) {
      if (told < this.#size) {
        told = this.#size;
        yield told;
      } else if (this.#failure !== undefined) throw this.#failure.error;
      else if (this.#isComplete) return;
      else await this.#news.promise;
    }
  }

  /** For what starts at its end, as a zip does: waits for that. Throws as `read` does. */
  async whole(): Promise<Whole> {
    while (!this.#isComplete) {
      if (this.#failure !== undefined) throw this.#failure.error;
      await this.#news.promise;
    }
    return { size: this.#size, read: (position, length) => this.#part(position, length) };
  }

  /** Its first bytes, as far as they are here. */
  async head(): Promise<Buffer> {
    const { bytesRead, buffer } = await this.#handle.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    return buffer.subarray(0, bytesRead);
  }

  /** What is there, as a web stream: whoever asks knows that it is all. */
  stream(): ReadableStream<Uint8Array> {
    let position = 0;
    return new ReadableStream({
      pull: async (controller) => {
        const { bytesRead, buffer } = await this.#handle.read(Buffer.alloc(PIECE), 0, PIECE, position);
        position += bytesRead;
        if (bytesRead === 0) controller.close();
        else controller.enqueue(buffer.subarray(0, bytesRead));
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async *#part(from: number, length: number): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.allocUnsafe(Math.min(PIECE, length));
    for (let left = length; left > 0; ) {
      const { bytesRead } = await this.#handle.read(buffer, 0, Math.min(PIECE, left), from + length - left);
      if (bytesRead === 0) throw new RangeError("a download's file has become shorter");
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async #takeUp(): Promise<void> {
    const buffer = Buffer.allocUnsafe(PIECE);
    for (;;) {
      const { bytesRead } = await this.#handle.read(buffer, 0, PIECE, this.#size);
      if (bytesRead === 0) return;
      this.#add(buffer.subarray(0, bytesRead));
    }
  }

  #add(piece: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(piece);
    this.#size += piece.length;
    this.#tell();
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}
