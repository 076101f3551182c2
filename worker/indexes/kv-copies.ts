/** The last good copy of every index, in KV: where an isolate that has just started finds it, and when origins fail. */
import type { Clock } from "../context.ts";
import { UpstreamError } from "../errors.ts";
import { logProblem } from "../log.ts";
import { LruMap } from "../lru-map.ts";
import { within } from "../time-limit.ts";
import {
  COPY_PREFIX,
  formatIndexCopy,
  type IndexCopy,
  indexCopyKey,
  isCopyMetadata,
  parseIndexCopy,
} from "./index-copy.ts";
import type { Validator } from "./origin.ts";

export interface KvCopiesOptions {
  readonly kv: KVNamespace;
  /** milliseconds */
  readonly patience: number;
  readonly now: Clock;
}

export type KvCopy = IndexCopy & { readonly usedAt: number };

/**
 * An unchanged copy is stamped anew this often. KV takes one write a second to a key, and each costs more than the
 * reads that it spares.
 */
const RESTAMP_SECONDS = 900;
/** All isolates see a new index within a minute, and one of them is enough to tell KV. */
const SEEN_SECONDS = 10;
const MAX_SEEN = 2_000;

/** KV refuses a second write to a key within one second. */
const PUBLISH_ATTEMPTS = 3;
const PUBLISH_PAUSE_MILLISECONDS = 1_100;

/** What KV had when it was last read or written; without an entity tag: nothing. */
interface Seen {
  readonly at: number;
  readonly etag?: string;
  readonly usedAt?: number;
}

/** Failures of KV are logged and never thrown: it has nothing that is not elsewhere too. */
export class KvCopies {
  readonly #kv: KVNamespace;
  readonly #patience: number;
  readonly #now: Clock;
  readonly #seen = new LruMap<string, Seen>(MAX_SEEN);

  constructor({ kv, patience, now }: KvCopiesOptions) {
    this.#kv = kv;
    this.#patience = patience;
    this.#now = now;
  }

  async read(release: string): Promise<KvCopy | undefined> {
    return this.#attempt(`gives no ${indexCopyKey(release)}`, async () => {
      const { value, metadata } = await this.#kv.getWithMetadata(indexCopyKey(release));
      this.#seen.set(release, { at: this.#now() });
      if (value === null) return undefined;
      const copy = await parseIndexCopy(value, metadata);
      this.#note(release, copy, copy.usedAt);
      return copy;
    });
  }

  /**
   * Stores a copy where KV has another one, or one that was not used for long.
   * @param used when a client has last had it read; default: now, and the copy is stored only if KV's is old
   */
  async keep(release: string, copy: IndexCopy, used?: number): Promise<void> {
    if (used === undefined) {
      if (this.#has(release, copy)) return;
      const { at = Number.NEGATIVE_INFINITY } = this.#seen.get(release) ?? {};
      if (this.#now() - at >= SEEN_SECONDS * 1000) await this.read(release);
      if (this.#has(release, copy)) return;
    }
    await this.#attempt(`does not take ${indexCopyKey(release)}`, async () => {
      const usedAt = used ?? this.#now();
      const { value, metadata } = await formatIndexCopy(copy, usedAt);
      // Without expiry, for it may be all there is some day.
      await this.#kv.put(indexCopyKey(release), value, { metadata });
      this.#note(release, copy, usedAt);
    });
  }

  /** Stores a copy that is new for certain. */
  async publish(release: string, copy: IndexCopy): Promise<void> {
    for (let attempt = 1; attempt <= PUBLISH_ATTEMPTS; attempt += 1) {
      await this.keep(release, copy, this.#now());
      if (this.#has(release, copy)) return;
      await scheduler.wait(PUBLISH_PAUSE_MILLISECONDS);
    }
  }

  #has(release: string, { validator }: IndexCopy): boolean {
    const { etag, usedAt = 0 } = this.#seen.get(release) ?? {};
    return etag === tagOf(validator) && Math.abs(this.#now() - usedAt) < RESTAMP_SECONDS * 1000;
  }

  #note(release: string, { validator }: IndexCopy, usedAt: number): void {
    this.#seen.set(release, { at: this.#now(), etag: tagOf(validator), usedAt });
  }

  async forget(release: string): Promise<void> {
    const seen = this.#seen.get(release);
    if (seen !== undefined && seen.etag === undefined) return;
    await this.#attempt(`does not delete ${indexCopyKey(release)}`, async () => {
      await this.#kv.delete(indexCopyKey(release));
      this.#seen.set(release, { at: this.#now() });
    });
  }

  /** The indexes that clients have asked for since then, those asked for last first. */
  async usedSince(milliseconds: number): Promise<string[]> {
    const listed = await this.#attempt("gives no list of indexes", () => this.#kv.list({ prefix: COPY_PREFIX }));
    return (listed?.keys ?? [])
      .flatMap(({ name, metadata }) => (isCopyMetadata(metadata) ? [{ name, usedAt: metadata.usedAt }] : []))
      .filter(({ usedAt }) => usedAt >= milliseconds)
      .toSorted((a, b) => b.usedAt - a.usedAt)
      .map(({ name }) => name.slice(COPY_PREFIX.length));
  }

  async #attempt<T>(problem: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await within(this.#patience, work());
    } catch (cause) {
      logProblem("indexes do without KV", new UpstreamError("KV", problem, { cause }), this.#now);
      return undefined;
    }
  }
}

function tagOf({ origin, etag }: Validator): string {
  return `${origin} ${etag}`;
}
