/**
 * Cuts what is compressed with zstd where one frame ends and the next begins: Node's decompressor goes on after a frame
 * only with the next piece. Archives of many frames are common among layers of images ("zstd:chunked"). RFC 8878
 */

const MAGIC = 0xfd2fb528;
/** Of frames with something else in them, which decompressors pass over. The last digit is free. */
const SKIPPABLE = 0x184d2a50;
const MAGIC_LENGTH = 4;
const DICTIONARY_LENGTHS = [0, 1, 2, 4];
const CONTENT_SIZE_LENGTHS = [0, 2, 4, 8];
const RLE = 1;

/** The same bytes; no piece has parts of two frames. */
export async function* zstdFrames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const scanner = new FrameScanner();
  for await (const piece of bytes) {
    for (let at = 0; at < piece.length; ) {
      const end = scanner.scan(piece, at);
      yield piece.subarray(at, end);
      at = end;
    }
  }
}

class FrameScanner {
  /** What comes when `#left` has passed by. */
  #next: "frame" | "block" | "end" = "frame";
  #left = 0;
  /** Of the header that is being read. */
  #header: number[] = [];
  #hasChecksum = false;

  /** @returns where the frame ends, or the piece */
  scan(piece: Uint8Array, from: number): number {
    for (let at = from; ; ) {
      const passed = Math.min(this.#left, piece.length - at);
      this.#left -= passed;
      at += passed;
      if (this.#left === 0 && this.#next === "end") {
        this.#next = "frame";
        return at;
      }
      if (at >= piece.length) return at;
      this.#header.push(piece[at] ?? 0);
      at += 1;
      if (this.#next === "frame") this.#frame();
      else this.#block();
    }
  }

  #frame(): void {
    const header = Buffer.from(this.#header);
    if (header.length < MAGIC_LENGTH) return;
    const magic = header.readUInt32LE(0);
    const isSkippable = magic - (magic % 16) === SKIPPABLE;
    if (magic === MAGIC && header.length > MAGIC_LENGTH) this.#describe(header[MAGIC_LENGTH] ?? 0);
    else if (isSkippable && header.length === 2 * MAGIC_LENGTH) this.#pass(header.readUInt32LE(MAGIC_LENGTH), "end");
    else if (magic !== MAGIC && !isSkippable) {
      // The decompressor is to say what is wrong.
      this.#pass(Number.POSITIVE_INFINITY, "end");
    }
  }

  /** Section 3.1.1.1. */
  #describe(descriptor: number): void {
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >> 6;
    this.#hasChecksum = (descriptor & 0x04) !== 0;
    const window = isSingleSegment ? 0 : 1;
    const contentSize = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_LENGTHS[sizeFlag] ?? 0);
    this.#pass(window + (DICTIONARY_LENGTHS[descriptor & 0x03] ?? 0) + contentSize, "block");
  }

  /** Section 3.1.1.2. */
  #block(): void {
    const [low = 0, middle = 0, high] = this.#header;
    if (high === undefined) return;
    const header = low | (middle << 8) | (high << 16);
    const size = ((header >> 1) & 0x03) === RLE ? 1 : header >> 3;
    const isLast = (header & 1) !== 0;
    this.#pass(size + (isLast && this.#hasChecksum ? 4 : 0), isLast ? "end" : "block");
  }

  #pass(length: number, next: "block" | "end"): void {
    this.#header = [];
    this.#left = length;
    this.#next = next;
  }
}
