/** Indexes from R2, kept in memory and in KV: fast when all is well, and there when R2 is not. */
import { type Locator, storageKey } from "../schema/index.ts";
import type { Clock } from "./context.ts";
import { UpstreamError } from "./errors.ts";
import { formatIndexCopy, type IndexCopy, indexCopyKey, makeIndexCopy, parseIndexCopy } from "./index-copy.ts";
import { logProblem } from "./log.ts";
import { LruMap } from "./lru-map.ts";
import { memoryBody } from "./stores/memory-body.ts";
import type { FileRequest, Source, Store, StoredBody } from "./stores/store.ts";

export interface IndexCacheOptions {
  readonly bucket: R2Bucket;
  readonly kv: KVNamespace | undefined;
  readonly ttlSeconds: number;
  readonly now: Clock;
}

/** What memory knows of an index: a copy, or that there is none. */
interface Kept {
  readonly copy: IndexCopy | undefined;
  readonly checkedAt: number;
  /** Since when a request has been reading it anew */
  refreshingSince?: number;
}

type Found = { readonly copy: IndexCopy; readonly source: Source } | undefined;

const MAX_KEPT = 512;
const ABSENT_TTL_SECONDS = 60;
/** A request that took longer was cut off, and its refresh with it: the next one tries. */
const REFRESH_PATIENCE_SECONDS = 10;
/** Far above any real index, far below what an isolate can hold. */
const MAX_INDEX_BYTES = 16 * 1024 ** 2;
const MAX_KV_KEY_BYTES = 512;
/** KV takes one write a second to a key; an unchanged copy need not be among them often. */
const KV_REWRITE_SECONDS = 60;

/**
 * A copy is fresh for the given time. The first request after it reads R2 again and waits for the answer; those that
 * come meanwhile get the copy at hand. They do not wait for the first one's promise: in Workers, I/O belongs to its
 * request and dies with it, and would leave the others hanging.
 *
 * Where R2 fails, or has an index that clients would refuse, the last good copy goes on being served, for however
 * long that lasts. Without a copy that is an error, also where GitHub is configured: R2 has an index, GitHub's is
 * another.
 */
export class IndexCache implements Store {
  readonly #bucket: R2Bucket;
  readonly #kv: KVNamespace | undefined;
  readonly #ttl: number;
  readonly #absentTtl: number;
  readonly #now: Clock;
  readonly #memory = new LruMap<string, Kept>(MAX_KEPT);

  constructor({ bucket, kv, ttlSeconds, now }: IndexCacheOptions) {
    this.#bucket = bucket;
    this.#kv = kv;
    this.#ttl = ttlSeconds * 1000;
    this.#absentTtl = Math.min(ttlSeconds, ABSENT_TTL_SECONDS) * 1000;
    this.#now = now;
  }

  async open(at: Locator, request: FileRequest): Promise<StoredBody | undefined> {
    // No extension has such a name, and KV would refuse it.
    if (new TextEncoder().encode(indexCopyKey(at)).length > MAX_KV_KEY_BYTES) return undefined;
    const found = await this.#find(at, request);
    return found && memoryBody(found.copy, found.source, request);
  }

  async #find(at: Locator, request: FileRequest): Promise<Found> {
    const kept = this.#memory.get(at.release);
    if (kept === undefined) return this.#refresh(at, request, undefined);
    if (this.#isFresh(kept) || this.#isRefreshing(kept)) return found(kept.copy, "memory");

    kept.refreshingSince = this.#now();
    try {
      return await this.#refresh(at, request, kept.copy);
    } finally {
      delete kept.refreshingSince;
    }
  }

  async #refresh(at: Locator, request: FileRequest, inMemory: IndexCopy | undefined): Promise<Found> {
    const inKv = await this.#readKv(at);
    if (inKv !== undefined && this.#isWithin(this.#ttl, inKv.storedAt)) {
      this.#memory.set(at.release, { copy: inKv, checkedAt: inKv.storedAt });
      return found(inKv, "kv");
    }

    try {
      const copy = await this.#readR2(at);
      this.#memory.set(at.release, { copy, checkedAt: this.#now() });
      if (this.#isNewsToKv(copy, inKv)) request.waitUntil(this.#writeKv(at, copy));
      return found(copy, "r2");
    } catch (error) {
      const last = newest(found(inMemory, "memory"), found(inKv, "kv"));
      if (last === undefined) throw error;
      logProblem(`${storageKey(at)} is served from a copy of ${isoTime(last.copy.storedAt)}`, error, this.#now);
      // For as long as a fresh one: asking a failing R2 at every request would help neither it nor the clients.
      this.#memory.set(at.release, { copy: last.copy, checkedAt: this.#now() });
      return last;
    }
  }

  async #readR2(at: Locator): Promise<IndexCopy | undefined> {
    const key = storageKey(at);
    const readAt = this.#now();
    try {
      const object = await this.#bucket.get(key);
      if (object === null) return undefined;
      if (object.size > MAX_INDEX_BYTES) throw new Error(`has ${object.size} bytes, no index is that large`);
      return await makeIndexCopy(await object.text(), object.uploaded, readAt);
    } catch (cause) {
      throw new UpstreamError(`R2 gives no index for ${key}`, { cause });
    }
  }

  async #readKv(at: Locator): Promise<IndexCopy | undefined> {
    try {
      const json = await this.#kv?.get(indexCopyKey(at));
      return json == null ? undefined : await parseIndexCopy(json);
    } catch (error) {
      logProblem(`KV gives no index for ${indexCopyKey(at)}`, error, this.#now);
      return undefined;
    }
  }

  #isNewsToKv(copy: IndexCopy | undefined, inKv: IndexCopy | undefined): boolean {
    const isUnchanged = copy?.sha256 === inKv?.sha256;
    return !isUnchanged || (inKv !== undefined && !this.#isWithin(KV_REWRITE_SECONDS * 1000, inKv.storedAt));
  }

  /** Without expiry, for the copy may be all there is some day; and only ever of what R2 has or had. */
  async #writeKv(at: Locator, copy: IndexCopy | undefined): Promise<void> {
    const key = indexCopyKey(at);
    try {
      await (copy === undefined ? this.#kv?.delete(key) : this.#kv?.put(key, formatIndexCopy(copy)));
    } catch (error) {
      logProblem(`KV does not take ${key}`, error, this.#now);
    }
  }

  #isFresh({ copy, checkedAt }: Kept): boolean {
    return this.#isWithin(copy === undefined ? this.#absentTtl : this.#ttl, checkedAt);
  }

  #isRefreshing({ refreshingSince }: Kept): boolean {
    return refreshingSince !== undefined && this.#isWithin(REFRESH_PATIENCE_SECONDS * 1000, refreshingSince);
  }

  /** Both ways, for KV's copies have the clocks of other machines. */
  #isWithin(milliseconds: number, time: number): boolean {
    return Math.abs(this.#now() - time) < milliseconds;
  }
}

function found(copy: IndexCopy | undefined, source: Source): Found {
  return copy && { copy, source };
}

function newest(a: Found, b: Found): Found {
  if (a === undefined || b === undefined) return a ?? b;
  return a.copy.storedAt >= b.copy.storedAt ? a : b;
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
