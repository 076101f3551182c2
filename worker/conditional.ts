/**
 * Decides what a conditional request gets. Here and not in R2, because our entity tags are not R2's.
 *
 * RFC 9110 section 13 (conditional requests)
 */
import { parseRange } from "./range.ts";

/** What is known of a file without reading it. */
export interface Representation {
  readonly size: number;
  /** A strong entity tag, with its quotes */
  readonly etag: string;
  readonly modified?: Date;
}

export type Outcome =
  | { readonly kind: "full" }
  | { readonly kind: "part"; readonly offset: number; readonly length: number }
  | { readonly kind: "not-modified" }
  | { readonly kind: "precondition-failed" }
  | { readonly kind: "unsatisfiable" };

export type ConditionalRequest = Pick<Request, "method" | "headers">;

const SELECTIVE_HEADERS = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "range"] as const;

/** Whether a request wants the whole file, whatever it is: then nothing needs to be known before reading it. */
export function isPlainGet({ method, headers }: ConditionalRequest): boolean {
  return method === "GET" && !SELECTIVE_HEADERS.some((name) => headers.has(name));
}

/** Evaluates the preconditions in the order of RFC 9110 section 13.2.2, then the range, of GET and HEAD. */
export function decideOutcome({ method, headers }: ConditionalRequest, current: Representation): Outcome {
  const ifMatch = headers.get("if-match");
  if (ifMatch !== null) {
    if (!listMatches(ifMatch, current.etag, "strong")) return { kind: "precondition-failed" };
  } else if (isModifiedSince(current, headers.get("if-unmodified-since")) === true) {
    return { kind: "precondition-failed" };
  }

  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== null) {
    if (listMatches(ifNoneMatch, current.etag, "weak")) return { kind: "not-modified" };
  } else if (isModifiedSince(current, headers.get("if-modified-since")) === false) {
    return { kind: "not-modified" };
  }

  const range = headers.get("range");
  // Range means nothing but with GET (RFC 9110 section 14.2).
  if (method !== "GET" || range === null || !rangeApplies(current, headers.get("if-range"))) return { kind: "full" };
  return parseRange(range, current.size);
}

/** RFC 9110 section 13.1.5: the client has a part of exactly this file, or wants all of it. */
function rangeApplies({ etag, modified }: Representation, ifRange: string | null): boolean {
  if (ifRange === null) return true;
  const condition = ifRange.trim();
  if (/^(W\/)?"/.test(condition)) return condition === etag;
  return modified !== undefined && parseHttpDate(condition) === toSeconds(modified);
}

/** Whether a list of entity tags (RFC 9110 section 13.1.1) has this one; a malformed list has none. */
function listMatches(list: string, etag: string, comparison: "strong" | "weak"): boolean {
  if (list.trim() === "*") return true;
  // A tag may have commas in it, so that splitting at them would not do (RFC 9110 section 8.8.3).
  const tags = [...list.matchAll(/(?<weak>W\/)?(?<tag>"[\x21\x23-\x7e\x80-\xff]*")/g)];
  return tags.some(({ groups }) => groups?.tag === etag && (comparison === "weak" || groups.weak === undefined));
}

/** Undefined where there is nothing to compare: no date, a malformed one, which is ignored, or an undated file. */
function isModifiedSince({ modified }: Representation, date: string | null): boolean | undefined {
  const since = date === null ? undefined : parseHttpDate(date);
  return since === undefined || modified === undefined ? undefined : toSeconds(modified) > since;
}

/** Header dates have whole seconds, R2's have milliseconds. */
function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const RFC850_DATE = /^[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/** The three forms of RFC 9110 section 5.6.7, in seconds. `Date.parse` alone would take much more. */
function parseHttpDate(text: string): number | undefined {
  const date = text.trim();
  const isDated = IMF_FIXDATE.test(date) || RFC850_DATE.test(date);
  if (!isDated && !ASCTIME_DATE.test(date)) return undefined;
  const milliseconds = Date.parse(isDated ? date : `${date} GMT`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}
