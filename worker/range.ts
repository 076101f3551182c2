/** Reads the `Range` header. RFC 9110 section 14 */

export type RangeOutcome =
  | { readonly kind: "full" }
  | { readonly kind: "part"; readonly offset: number; readonly length: number }
  | { readonly kind: "unsatisfiable" };

const SINGLE_RANGE = /^bytes=[ \t]*(?:(?<first>\d+)-(?<last>\d*)|-(?<suffix>\d+))[ \t]*$/i;

/**
 * One range of bytes is served. Several, other units and malformed ones are ignored, which section 14.2 allows: no
 * client of a bakery asks for several, and answering them would mean to buffer or to be abused.
 */
export function parseRange(header: string, size: number): RangeOutcome {
  const { first, last, suffix } = SINGLE_RANGE.exec(header)?.groups ?? {};
  // Of an empty file there is no part to name in `Content-Range`.
  if ((first === undefined && suffix === undefined) || size === 0) return { kind: "full" };

  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size);
    return length === 0 ? { kind: "unsatisfiable" } : { kind: "part", offset: size - length, length };
  }

  const offset = Number(first);
  const end = last ? Number(last) : Number.POSITIVE_INFINITY;
  if (end < offset) return { kind: "full" };
  if (offset >= size) return { kind: "unsatisfiable" };
  return { kind: "part", offset, length: Math.min(end + 1, size) - offset };
}
