/**
 * `index.json`: an index as a bakery keeps it, with what it says now, what it will say soon, and the signatures of
 * both. Stored at `<ext>/index.json`; what clients see of it is `SHA256SUMS` and its signature.
 *
 * A client fetches index and signature by two requests, which two machines may answer that learnt of a publication at
 * different times. So a new index takes effect at a moment and not on arrival: later than any cache can be stale. All
 * in one document, so that nobody ever has an index without its signature.
 */
import * as v from "valibot";
import * as d from "./document.ts";
import { isMinorSeries } from "./names.ts";
import { parseSha256Sums } from "./sha256sums.ts";

const MAX_GENERATIONS = 64;

/** `SHA256SUMS`; empty where nothing is published any more, which clients get as 404 */
export const indexText = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.value === "") return;
    try {
      parseSha256Sums(dataset.value);
    } catch (error) {
      addIssue({ message: error instanceof Error ? error.message : String(error) });
    }
  }),
);

/** Of the whole index, and of that of each minor series */
export const indexSignatures = v.strictObject({
  index: v.optional(d.signature),
  series: v.optional(v.record(v.pipe(v.string(), v.check(isMinorSeries, "not a minor series")), d.signature)),
});

const generation = v.strictObject({
  /** From when on this is the index */
  effectiveAt: d.timestamp,
  text: indexText,
  signatures: indexSignatures,
});

const publishedIndexSchema = v.strictObject({
  schemaVersion: v.literal(1),
  /** In the order in which they take effect */
  generations: v.pipe(
    v.array(generation),
    v.minLength(1),
    v.maxLength(MAX_GENERATIONS),
    v.checkItems(
      ({ effectiveAt }, at, all) => at === 0 || Date.parse(all[at - 1]?.effectiveAt ?? "") <= Date.parse(effectiveAt),
      "takes effect before the one in front of it",
    ),
  ),
});

export type PublishedIndex = v.InferOutput<typeof publishedIndexSchema>;
export type Generation = PublishedIndex["generations"][number];

/** @throws InvalidInput naming the field, `generations[1].text` */
export function parsePublishedIndex(json: unknown): PublishedIndex {
  return d.parseDocument(publishedIndexSchema, "published index", json);
}

export function formatPublishedIndex(index: PublishedIndex): string {
  return JSON.stringify(index);
}

/** What was never signed and is no other's: in effect from the given moment on. */
export function unsignedIndex(text: string, effectiveAt: Date): PublishedIndex {
  return { schemaVersion: 1, generations: [{ effectiveAt: effectiveAt.toISOString(), text, signatures: {} }] };
}

/** The generation in effect at a moment; undefined before the first one is. */
export function generationAt({ generations }: PublishedIndex, milliseconds: number): Generation | undefined {
  return generations.findLast(({ effectiveAt }) => Date.parse(effectiveAt) <= milliseconds);
}

export interface Succession {
  readonly now: Date;
  /** How long a cache may go without reading this document anew. 0: everything takes effect at once. */
  readonly settleSeconds: number;
}

/**
 * Adds what an index is to say next. It takes effect after twice the time in which all caches have settled. One that
 * is pending is replaced where all caches will still have read of it; else it has its time, for some cache may switch
 * to it without asking again. So there are never more than a few, however fast publications follow one another.
 */
export function succeed(
  before: PublishedIndex | undefined,
  { text, signatures }: Pick<Generation, "text" | "signatures">,
  { now, settleSeconds }: Succession,
): PublishedIndex {
  const time = now.getTime();
  const settle = settleSeconds * 1000;
  const current = before && generationAt(before, time);
  const all = before?.generations ?? [];
  const pending = settle === 0 ? [] : all.filter(({ effectiveAt }) => Date.parse(effectiveAt) > time);

  const last = pending.at(-1);
  const isReplaced = last !== undefined && Date.parse(last.effectiveAt) - time >= settle;
  const effectiveAt = isReplaced ? last.effectiveAt : new Date(time + 2 * settle).toISOString();
  const kept = isReplaced ? pending.slice(0, -1) : pending;
  // What is in effect now stays, also where it is replaced at once: some machine's clock is behind.
  const generations = [...(current === undefined ? [] : [current]), ...kept, { effectiveAt, text, signatures }];
  return { schemaVersion: 1, generations };
}
