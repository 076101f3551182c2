/**
 * Many isolates in several places, with caches of random age, a KV that is slow to tell of its writes, and clients
 * whose two requests for index and signature meet any two of the isolates. Time is virtual, chance is seeded.
 */
import { type PublishedIndex, succeed } from "../../../schema/index.ts";
import { IndexCache } from "../../../worker/indexes/index-cache.ts";
import { IndexFiles } from "../../../worker/indexes/index-files.ts";
import { KvCopies } from "../../../worker/indexes/kv-copies.ts";
import type { IndexOrigin } from "../../../worker/indexes/origin.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** What publications are told of the caches; 0: they take effect at once */
  readonly settleSeconds: number;
}

export interface Outcome {
  /** Clients that got an index and the signature of another one */
  readonly mixed: number;
  /** Of these, those with no switch between their two requests */
  readonly mixedWithoutSwitch: number;
  readonly clients: number;
  /** Seconds from a publication to the last client that got an older index */
  readonly longestWait: number;
  /** Generations in one document */
  readonly mostGenerations: number;
}

const ISOLATES = 60;
const PLACES = 6;
const SECONDS = 2 * 3600;
const CLIENTS = 6_000;
const TTL_SECONDS = 60;
/** KV's own words: other places may see a write a minute later, or more. */
const KV_DELAY_SECONDS = 90;
const SKEW_SECONDS = 1;
const RELEASE = "kubernetes";

interface Event {
  readonly at: number;
  run(): Promise<void> | void;
}

export async function simulate({ seed, settleSeconds }: SimulationOptions): Promise<Outcome> {
  const random = chance(seed);
  const clock = { time: 0 };
  const start = Date.parse("2026-11-24T00:00:00Z");
  const published: { text: string; at: number; effectiveAt: number }[] = [];
  let document: PublishedIndex | undefined;
  let version = 0;

  const publish = () => {
    version += 1;
    const text = `${"a".repeat(64)}  kubernetes-v1.0.${version}-arm64.raw\n`;
    const now = new Date(start + clock.time * 1000);
    document = succeed(document, { text, signatures: { index: btoa(`of ${text}`) } }, { now, settleSeconds });
    const effectiveAt = Date.parse(document.generations.at(-1)?.effectiveAt ?? "") - start;
    published.push({ text, at: clock.time, effectiveAt: effectiveAt / 1000 });
    outcome.mostGenerations = Math.max(outcome.mostGenerations, document.generations.length);
  };
  const origin: IndexOrigin = {
    async read(_release, known) {
      if (document === undefined) return undefined;
      const etag = String(version);
      if (known?.etag === etag) return { kind: "unchanged" };
      return { kind: "index", index: document, validator: { origin: "r2", etag } };
    },
  };

  const kvs = eventualKvs(clock, random);
  const isolates = Array.from({ length: ISOLATES }, (_, at) => {
    const skew = (random() * 2 - 1) * SKEW_SECONDS;
    const now = () => Math.round(start + (clock.time + skew) * 1000);
    const kv = kvs[at % PLACES] as unknown as KVNamespace;
    const copies = new KvCopies({ kv, patience: 1_000, now });
    const cache = new IndexCache({ origin, copies, ttlSeconds: TTL_SECONDS, now });
    return new IndexFiles({ cache, github: undefined, now });
  });
  // Some isolates are asked all the time, most now and then.
  const anyIsolate = () => isolates[Math.floor(random() ** 3 * ISOLATES)] as IndexFiles;

  const outcome = { mixed: 0, mixedWithoutSwitch: 0, clients: CLIENTS, longestWait: 0, mostGenerations: 0 };
  const events: Event[] = [{ at: 0, run: publish }];
  for (let at = 600; at < SECONDS; at += 30 + random() * 900) {
    // Often several in a row, as a pipeline publishes them.
    for (let burst = 0; burst < 1 + random() * 4; burst += 1)
      events.push({ at: at + burst * random() * 60, run: publish });
  }
  for (let client = 0; client < CLIENTS; client += 1) {
    const at = 500 + random() * (SECONDS - 510);
    const then = at + random() * 3;
    let index = "";
    events.push({
      at,
      run: async () => {
        index = await ask(anyIsolate(), "index");
        const latest = published.findLast(({ text }) => text === index);
        const missed = published.find((it) => latest !== undefined && it.at > latest.at);
        if (missed !== undefined) outcome.longestWait = Math.max(outcome.longestWait, clock.time - missed.at);
      },
    });
    events.push({
      at: then,
      run: async () => {
        if ((await ask(anyIsolate(), "signature")) === `of ${index}`) return;
        outcome.mixed += 1;
        const isSwitch = ({ effectiveAt }: { effectiveAt: number }) =>
          effectiveAt > at - 2 * SKEW_SECONDS && effectiveAt <= then + 2 * SKEW_SECONDS;
        if (!published.some(isSwitch)) outcome.mixedWithoutSwitch += 1;
      },
    });
  }

  for (const { at, run } of events.toSorted((a, b) => a.at - b.at)) {
    clock.time = at;
    await run();
  }
  return outcome;
}

async function ask(isolate: IndexFiles, kind: "index" | "signature"): Promise<string> {
  const background: Promise<unknown>[] = [];
  const request = {
    method: "GET",
    headers: new Headers(),
    waitUntil: (work: Promise<unknown>) => background.push(work),
  };
  const at = { release: RELEASE, file: kind === "index" ? "SHA256SUMS" : "SHA256SUMS.gpg" };
  const file = await (kind === "index"
    ? isolate.openIndex({ kind, at }, request)
    : isolate.openSignature({ kind, at }, request));
  if (file?.kind !== "body") throw new Error(`no ${kind}`);
  const text = await new Response(file.body).text();
  while (background.length > 0) await background.shift();
  return text;
}

/** Workers KV as seen from several places: a write is seen where it was made, and elsewhere some time later. */
function eventualKvs(clock: { readonly time: number }, random: () => number) {
  const writes: { key: string; value: string; metadata: unknown; place: number; seenAt: number[] }[] = [];
  return Array.from({ length: PLACES }, (_, place) => ({
    async getWithMetadata(key: string) {
      const seen = writes.findLast((write) => write.key === key && (write.seenAt[place] ?? 0) <= clock.time);
      return { value: seen?.value ?? null, metadata: seen?.metadata ?? null };
    },
    async put(key: string, value: string, { metadata }: { metadata: unknown }) {
      const seenAt = Array.from({ length: PLACES }, (_, other) =>
        other === place ? clock.time : clock.time + random() * KV_DELAY_SECONDS,
      );
      writes.push({ key, value, metadata, place, seenAt });
    },
  }));
}

/** mulberry32: small, and the same on every machine. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
