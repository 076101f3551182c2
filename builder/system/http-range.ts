/** Downloads in several goes: which part of a file an answer is, and whether what comes twice is the same. */
import { createHash } from "node:crypto";
import { WrongContentError } from "./errors.ts";
import type { Sink } from "./http.ts";

export interface Part {
  /** Where in the file the body begins. */
  readonly start: number;
  /** Bytes of the whole file, where the server says it. */
  readonly total: number | undefined;
  /** There is no more of the file than is here. */
  readonly isComplete: boolean;
}

const CONTENT_RANGE = /^bytes (?:(?<start>[0-9]+)-[0-9]+|\*)\/(?<total>[0-9]+|\*)$/;

/**
 * What an answer to a request for the bytes from `here` on brings: RFC 9110 section 15.3.7 and 15.5.17.
 * @throws WrongContentError for a part that was not asked for
 */
export function partOf(url: string, response: Response, here: number): Part {
  const { status, headers } = response;
  if (status !== 206 && status !== 416) return { start: 0, total: lengthOf(headers), isComplete: false };

  const range = headers.get("content-range") ?? "";
  const { start, total: length } = CONTENT_RANGE.exec(range)?.groups ?? {};
  const total = length === undefined || length === "*" ? undefined : Number(length);
  if (status === 416 && total === here) return { start: here, total, isComplete: true };
  if (status === 206 && Number(start) === here) return { start: here, total, isComplete: false };
  const details = { url, asked: `bytes=${here}-`, answered: `${status} ${range}`.trim() };
  throw new WrongContentError("upstream answers with another part of the file", { details, hint: "try again" });
}

/** The tag, if it stands for the very bytes: only such a one may be asked to go on from (RFC 9110 section 13.1.5). */
export function strongTag(headers: Headers): string | null {
  const tag = headers.get("etag");
  return tag?.startsWith('"') ? tag : null;
}

/** Undefined too where the body is not the file's bytes. */
function lengthOf(headers: Headers): number | undefined {
  const length = headers.get("content-length");
  const isEncoded = (headers.get("content-encoding") ?? "identity") !== "identity";
  return length === null || isEncoded ? undefined : Number(length);
}

/** A body from the start, where some of it is here: that must be the same again, for its reader has gone on from it. */
export class Repetition {
  readonly #url: string;
  readonly #hash = createHash("sha256");
  readonly #expected: string;
  #left: number;

  /** @param sink what is here; undefined: the body does not begin anew */
  constructor(url: string, sink: Sink | undefined) {
    this.#url = url;
    this.#left = sink?.size ?? 0;
    this.#expected = this.#left === 0 ? "" : (sink?.digest() ?? "");
  }

  /** @returns what of the piece is new */
  pass(piece: Uint8Array): Uint8Array {
    if (this.#left === 0) return piece;
    const again = piece.subarray(0, this.#left);
    this.#hash.update(again);
    this.#left -= again.length;
    if (this.#left === 0 && this.#hash.digest("hex") !== this.#expected) throw this.#changed();
    return piece.subarray(again.length);
  }

  end(): void {
    if (this.#left > 0) throw this.#changed();
  }

  #changed(): WrongContentError {
    return new WrongContentError("upstream changed the file while it was downloaded", {
      details: { url: this.#url },
      hint: "run it again",
    });
  }
}
