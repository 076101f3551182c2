/** The writing side of the bucket: every operation in its time, and writes that say what they expect to be there. */
import { UpstreamError } from "../errors.ts";
import { type Patience, within } from "../time-limit.ts";

export interface StoredText {
  readonly text: string;
  readonly etag: string;
  readonly uploaded: Date;
}

/** What must be there for a write to happen: nothing, or an object with this entity tag. */
export type Expectation = "nothing" | { readonly etag: string };

export interface WriteOptions {
  /** R2 refuses other bytes */
  readonly sha256?: string;
  readonly customMetadata?: Record<string, string>;
}

/** The bytes are not those that their hash says. */
export class HashMismatch extends Error {
  override readonly name = "HashMismatch";
}

/** R2 deletes as many in one operation. */
const MAX_DELETED = 1_000;
/** R2's own number for a checksum that differs: https://developers.cloudflare.com/r2/api/error-codes/ */
const BAD_DIGEST = /\(10037\)|checksum you specified did not match/;

export class Objects {
  readonly #bucket: R2Bucket;
  readonly #patience: Patience;

  constructor(bucket: R2Bucket, patience: Patience) {
    this.#bucket = bucket;
    this.#patience = patience;
  }

  async read(key: string): Promise<StoredText | undefined> {
    return this.#attempt(`cannot read ${key}`, async () => {
      const object = await this.#bucket.get(key);
      return object === null ? undefined : { text: await object.text(), etag: object.etag, uploaded: object.uploaded };
    });
  }

  async head(key: string): Promise<R2Object | undefined> {
    return this.#attempt(`cannot look at ${key}`, async () => (await this.#bucket.head(key)) ?? undefined);
  }

  async open(key: string): Promise<R2ObjectBody | undefined> {
    return this.#attempt(`cannot open ${key}`, async () => (await this.#bucket.get(key)) ?? undefined);
  }

  /**
   * Writes a document if what is expected is there.
   * @returns undefined where something else is
   */
  async write(
    key: string,
    text: string,
    expected: Expectation,
    options: WriteOptions = {},
  ): Promise<R2Object | undefined> {
    // RFC 9110 section 13.1.2: none that matches `*` is none at all.
    const onlyIf = expected === "nothing" ? { etagDoesNotMatch: "*" } : { etagMatches: expected.etag };
    return this.#attempt(`does not take ${key}`, async () => {
      return (await this.#bucket.put(key, text, { ...options, onlyIf })) ?? undefined;
    });
  }

  /** Writes whatever is there; for what only one author has something to say of. */
  async overwrite(key: string, text: string): Promise<void> {
    await this.#attempt(`does not take ${key}`, () => this.#bucket.put(key, text));
  }

  /**
   * Writes many bytes; the length of a stream must be known.
   * @throws HashMismatch
   */
  async writeBody(key: string, body: ReadableStream | ArrayBuffer, sha256: string): Promise<void> {
    const put = () => this.#bucket.put(key, body, { sha256 });
    try {
      await this.#attempt(`does not take ${key}`, put, this.#patience.file);
    } catch (error) {
      const { cause } = error as UpstreamError;
      if (cause instanceof Error && BAD_DIGEST.test(cause.message)) throw new HashMismatch(key);
      throw error;
    }
  }

  /** All keys below a prefix, with what is known of them. */
  async list(prefix: string): Promise<R2Object[]> {
    const found: R2Object[] = [];
    for (let cursor: string | undefined, more = true; more; ) {
      const options = cursor === undefined ? { prefix } : { prefix, cursor };
      const page = await this.#attempt(`does not list ${prefix}`, () => this.#bucket.list(options));
      found.push(...page.objects);
      more = page.truncated;
      cursor = page.truncated ? page.cursor : undefined;
    }
    return found;
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += MAX_DELETED) {
      const some = keys.slice(at, at + MAX_DELETED);
      await this.#attempt(`does not delete ${some[0]}`, () => this.#bucket.delete(some));
    }
  }

  async #attempt<T>(problem: string, work: () => Promise<T>, patience = this.#patience.r2): Promise<T> {
    try {
      return await within(patience, work());
    } catch (cause) {
      throw new UpstreamError("R2", problem, { cause });
    }
  }
}
