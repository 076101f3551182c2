/** Takes bytes off a stream in the amounts that its reader wants, whatever pieces they arrive in. */

export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next piece, `limit` bytes at the most, none of it copied; undefined at the end. */
  async some(limit: number): Promise<Uint8Array | undefined> {
    while (this.#piece.length === 0) {
      const next = await this.#source.next();
      if (next.done) return undefined;
      this.#piece = next.value;
    }
    const taken = this.#piece.subarray(0, limit);
    this.#piece = this.#piece.subarray(taken.length);
    return taken;
  }

  /** As many bytes; fewer at the end. */
  async exactly(length: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      const piece = await this.some(missing);
      if (piece === undefined) break;
      pieces.push(piece);
      missing -= piece.length;
    }
    const [first] = pieces;
    if (pieces.length === 1 && first !== undefined) return Buffer.from(first.buffer, first.byteOffset, first.length);
    return Buffer.concat(pieces);
  }

  /** @returns whether there were as many */
  async skip(length: number): Promise<boolean> {
    let missing = length;
    while (missing > 0) {
      const piece = await this.some(missing);
      if (piece === undefined) return false;
      missing -= piece.length;
    }
    return true;
  }

  /** Puts bytes back in front. */
  unread(bytes: Uint8Array): void {
    this.#piece = Buffer.concat([bytes, this.#piece]);
  }

  /** All that is left. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = await this.some(Number.POSITIVE_INFINITY);
      if (piece === undefined) return;
      yield piece;
    }
  }

  /** Tells the source that nothing more is wanted; it may be waiting for what never comes, so nobody waits for it. */
  close(): void {
    this.#source.return?.().catch(() => {});
  }
}
