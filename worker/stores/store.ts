/** What all stores have in common. */
import type { Locator } from "../../schema/index.ts";
import type { ConditionalRequest, Outcome, Representation } from "../conditional.ts";

/** Where an answer came from, for the log. */
export type Source = "built-in" | "memory" | "kv" | "r2" | "github";

/** The part of an HTTP request that a store may act upon. */
export interface FileRequest extends ConditionalRequest {
  /** Lets work go on after the response, as `ExecutionContext.waitUntil` does */
  waitUntil(work: Promise<unknown>): void;
}

export interface StoredBody {
  readonly kind: "body";
  readonly source: Source;
  readonly representation: Representation;
  readonly outcome: Outcome;
  /** What the outcome asks for; null for HEAD, and where the outcome has no bytes of the file */
  readonly body: ReadableStream | Uint8Array | null;
}

export interface StoredRedirect {
  readonly kind: "redirect";
  readonly source: Source;
  readonly location: string;
}

export type StoredFile = StoredBody | StoredRedirect;

/** Answers for files. */
export interface Store {
  /**
   * @returns undefined where there is no such file
   * @throws UpstreamError where that cannot be known
   */
  open(at: Locator, request: FileRequest): Promise<StoredFile | undefined>;
}
