/** Which extensions the list shows, and in which order: what stands behind the question mark of its address. */
import { ARCHES, type Arch, EXTENSION_KINDS, type ExtensionKind } from "../../schema/index.ts";
import type { Listed } from "./reader.ts";

export const SORTS = { name: "name", newest: "newest first", size: "largest first" } as const;
export type Sort = keyof typeof SORTS;

export interface Finding {
  readonly q: string;
  readonly kind?: ExtensionKind | undefined;
  readonly arch?: Arch | undefined;
  readonly sort: Sort;
}

/** Longer ones find nothing that shorter ones do not. */
const MAX_QUERY_LENGTH = 100;

/** Whatever it says, people see a list: what is not understood counts as not said. */
export function parseFinding(query: Readonly<Record<string, string>>): Finding {
  const { q = "", kind, arch, sort } = query;
  return {
    q: q.slice(0, MAX_QUERY_LENGTH).trim(),
    kind: EXTENSION_KINDS.find((it) => it === kind),
    arch: ARCHES.find((it) => it === arch),
    sort: sort === "newest" || sort === "size" ? sort : "name",
  };
}

export function find(all: readonly Listed[], { q, kind, arch, sort }: Finding): Listed[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter((it) => {
    const text = textOf(it);
    return (
      words.every((word) => text.includes(word)) &&
      (kind === undefined || it.kind === kind) &&
      (arch === undefined || it.arches.includes(arch))
    );
  });
  return found.sort((a, b) => ORDERS[sort](a, b) || byName(a, b));
}

/** What a search looks at. */
export function textOf({ extension, description = "", kind }: Listed): string {
  return `${extension} ${description} ${kind ?? ""}`.toLowerCase();
}

/** Of the largest image. Bytes. */
export function sizeOf({ images = [] }: Listed): number {
  return Math.max(0, ...images.map(({ size }) => size));
}

const byName = (a: Listed, b: Listed) => (a.extension < b.extension ? -1 : 1);
const ORDERS: Readonly<Record<Sort, (a: Listed, b: Listed) => number>> = {
  name: byName,
  newest: (a, b) => Date.parse(b.publishedAt ?? "1970-01-01") - Date.parse(a.publishedAt ?? "1970-01-01"),
  size: (a, b) => sizeOf(b) - sizeOf(a),
};
