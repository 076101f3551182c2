/** Indexes from their origin, kept in memory and in KV: fast when all is well, and there when the origin is not. */
import type { Clock } from "../context.ts";
import { MAX_RETRY_AFTER_SECONDS, UpstreamError } from "../errors.ts";
import { logProblem } from "../log.ts";
import { LruMap } from "../lru-map.ts";
import type { Source } from "../stores/store.ts";
import { type IndexCopy, makeIndexCopy } from "./index-copy.ts";
import type { KvCopies } from "./kv-copies.ts";
import type { IndexOrigin, OriginAnswer } from "./origin.ts";

export interface IndexCacheOptions {
  readonly origin: IndexOrigin;
  readonly copies: KvCopies | undefined;
  readonly ttlSeconds: number;
  readonly now: Clock;
}

/** What is known of an index: a copy, that there is none (neither copy nor error), or that it cannot be known. */
interface Known {
  readonly copy: IndexCopy | undefined;
  readonly error?: unknown;
  readonly source: Source;
  /** When this was true for certain */
  readonly checkedAt: number;
  readonly freshUntil: number;
}

export interface FoundIndex {
  readonly copy: IndexCopy;
  readonly source: Source;
}

type WaitUntil = (work: Promise<unknown>) => void;

const MAX_ENTRIES = 2_000;
/** Characters; an isolate has 128 MB for everything. */
const MAX_WEIGHT = 16 * 1024 ** 2;
const ABSENT_TTL_SECONDS = 60;
/** Where there is no copy to fall back to, a failing origin is left alone this long. */
const FAILURE_TTL_SECONDS = 10;
/** A refresh that took longer was cut off with its request: the next one tries. */
const REFRESH_PATIENCE_SECONDS = 15;
const POLL_MILLISECONDS = 20;
/** The cron trigger refreshes as many, asked for this recently. */
const POPULAR = 40;
const POPULAR_SECONDS = 3_600;

/**
 * A copy is fresh for the given time. For as long again the copy at hand is served while one request has it read
 * anew. After that requests wait, so that no isolate that was idle serves what the others have long replaced.
 *
 * One request reads for all of an isolate. The others do not wait for its promise, for in Workers I/O belongs to its
 * request and dies with it: they look again from time to time.
 *
 * Where the origin fails, or has an index that clients would refuse, the last good copy goes on being served, for
 * however long that lasts.
 */
export class IndexCache {
  readonly #origin: IndexOrigin;
  readonly #copies: KvCopies | undefined;
  readonly #ttl: number;
  readonly #now: Clock;
  readonly #memory = new LruMap<string, Known>(MAX_ENTRIES, MAX_WEIGHT);
  readonly #refreshingSince = new Map<string, number>();

  constructor({ origin, copies, ttlSeconds, now }: IndexCacheOptions) {
    this.#origin = origin;
    this.#copies = copies;
    this.#ttl = ttlSeconds * 1000;
    this.#now = now;
  }

  /** A copy in memory that is good without a look elsewhere. */
  fresh(release: string): FoundIndex | undefined {
    const known = this.#memory.get(release);
    return known?.copy !== undefined && this.#isFresh(known) ? outcome(known, "memory") : undefined;
  }

  /**
   * @returns undefined where there is no such index
   * @throws UpstreamError where that cannot be known, and there is no copy
   */
  async find(release: string, waitUntil: WaitUntil): Promise<FoundIndex | undefined> {
    const known = this.#memory.get(release);
    if (known !== undefined && this.#isFresh(known)) return outcome(known, "memory");
    if (known?.copy !== undefined && this.#isWithin(2 * this.#ttl, known.checkedAt)) {
      if (!this.#isRefreshing(release)) waitUntil(this.#refresh(release, known, waitUntil));
      return outcome(known, "memory");
    }

    while (this.#isRefreshing(release)) {
      await scheduler.wait(POLL_MILLISECONDS);
      const refreshed = this.#memory.get(release);
      if (refreshed !== undefined && refreshed !== known) return outcome(refreshed, "memory");
    }
    return outcome(await this.#refresh(release, known, waitUntil));
  }

  /** Takes over what was published through this isolate, and tells the others through KV. */
  async learn(release: string, copy: IndexCopy): Promise<void> {
    const known = this.#memory.get(release)?.copy;
    if (known === undefined || known.readAt <= copy.readAt) {
      const { readAt } = copy;
      const learnt: Known = { copy, source: "r2", checkedAt: readAt, freshUntil: readAt + this.#ttl };
      this.#memory.set(release, learnt, weightOf(learnt));
    }
    await this.#copies?.publish(release, copy);
  }

  /** Reads again what clients have asked for lately, so that KV has it when an isolate starts. */
  async refreshPopular(): Promise<void> {
    const copies = this.#copies;
    if (copies === undefined) return;
    const popular = await copies.usedSince(this.#now() - POPULAR_SECONDS * 1000);
    for (const release of popular.slice(0, POPULAR)) {
      const inKv = await copies.read(release);
      if (inKv === undefined) continue;
      const { copy, error } = await this.#ask(release, inKv);
      if (copy !== undefined && error === undefined) await copies.keep(release, copy, inKv.usedAt);
      else if (error === undefined) await copies.forget(release);
    }
  }

  async #refresh(release: string, known: Known | undefined, waitUntil: WaitUntil): Promise<Known> {
    this.#refreshingSince.set(release, this.#now());
    try {
      const refreshed = await this.#read(release, known?.copy, waitUntil);
      this.#memory.set(release, refreshed, weightOf(refreshed));
      return refreshed;
    } finally {
      this.#refreshingSince.delete(release);
    }
  }

  async #read(release: string, inMemory: IndexCopy | undefined, waitUntil: WaitUntil): Promise<Known> {
    // R2 says "unchanged" for less than a read of KV costs; GitHub is to be asked as seldom as possible.
    const asksKvFirst = inMemory?.validator.origin !== "r2";
    const inKv = asksKvFirst ? await this.#copies?.read(release) : undefined;
    if (inKv !== undefined && this.#isWithin(this.#ttl, inKv.readAt)) {
      return { copy: inKv, source: "kv", checkedAt: inKv.readAt, freshUntil: inKv.readAt + this.#ttl };
    }

    const known = await this.#ask(release, newer(inMemory, inKv));
    if (known.error === undefined) {
      waitUntil((known.copy ? this.#copies?.keep(release, known.copy) : this.#copies?.forget(release)) ?? nothing);
      return known;
    }
    const last = newer(inMemory, inKv ?? (asksKvFirst ? undefined : await this.#copies?.read(release)));
    return last === undefined ? known : this.#makeDo(release, last, last === inMemory ? "memory" : "kv", known);
  }

  /** Asks the origin. What it says of a failure has no copy. */
  async #ask(release: string, newest: IndexCopy | undefined): Promise<Known> {
    const checkedAt = this.#now();
    try {
      const answer = await this.#origin.read(release, newest?.validator);
      if (answer === undefined) {
        const ttl = Math.min(this.#ttl, ABSENT_TTL_SECONDS * 1000);
        return { copy: undefined, source: "r2", checkedAt, freshUntil: checkedAt + ttl };
      }
      const copy = copyOf(answer, newest, checkedAt);
      return { copy, source: copy.validator.origin, checkedAt, freshUntil: checkedAt + this.#ttl };
    } catch (error) {
      const ttl = Math.max(Math.min(this.#ttl, FAILURE_TTL_SECONDS * 1000), retryAfter(error));
      return { copy: undefined, error, source: "r2", checkedAt, freshUntil: checkedAt + ttl };
    }
  }

  /** The last good copy, for as long as a fresh one: to ask a failing origin at every request would help nobody. */
  #makeDo(release: string, last: IndexCopy, source: Source, { error, checkedAt }: Known): Known {
    const since = new Date(last.readAt).toISOString();
    logProblem(`the index of ${release} is served as it was at ${since}`, error, this.#now);
    return { copy: last, source, checkedAt, freshUntil: checkedAt + Math.max(this.#ttl, retryAfter(error)) };
  }

  #isFresh({ checkedAt, freshUntil }: Known): boolean {
    const now = this.#now();
    return now >= checkedAt && now < freshUntil;
  }

  #isRefreshing(release: string): boolean {
    const since = this.#refreshingSince.get(release);
    return since !== undefined && this.#isWithin(REFRESH_PATIENCE_SECONDS * 1000, since);
  }

  /** Both ways, for KV's copies have the clocks of other machines. */
  #isWithin(milliseconds: number, time: number): boolean {
    return Math.abs(this.#now() - time) < milliseconds;
  }
}

const nothing = Promise.resolve();

/** @param source where it is from, if not from where it was read */
function outcome({ copy, error, ...known }: Known, source: Source = known.source): FoundIndex | undefined {
  if (error !== undefined) throw error;
  return copy && { copy, source };
}

function copyOf(answer: OriginAnswer, newest: IndexCopy | undefined, readAt: number): IndexCopy {
  if (answer.kind === "index") return makeIndexCopy(answer.index, answer.validator, readAt);
  if (newest === undefined) throw new Error('"unchanged" is no answer where we have no copy');
  return { ...newest, readAt };
}

function newer(a: IndexCopy | undefined, b: IndexCopy | undefined): IndexCopy | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.readAt >= b.readAt ? a : b;
}

/** Milliseconds. */
function retryAfter(error: unknown): number {
  const seconds = error instanceof UpstreamError ? (error.retryAfterSeconds ?? 0) : 0;
  return Math.min(seconds, MAX_RETRY_AFTER_SECONDS) * 1000;
}

function weightOf({ copy }: Known): number {
  return copy?.index.generations.reduce((sum, { text }) => sum + text.length, 0) ?? 0;
}
