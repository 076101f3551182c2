/** The indexes that this bakery has published itself. */
import { PUBLISHED_INDEX_FILE, parsePublishedIndex, storageKey } from "../../schema/index.ts";
import { UpstreamError } from "../errors.ts";
import { within } from "../time-limit.ts";
import type { IndexOrigin, OriginAnswer, Validator } from "./origin.ts";

/** Far above any real index, far below what an isolate can hold. */
export const MAX_INDEX_BYTES = 16 * 1024 ** 2;

export class R2Origin implements IndexOrigin {
  readonly #bucket: R2Bucket;
  readonly #patience: number;

  /** @param patience milliseconds */
  constructor(bucket: R2Bucket, patience: number) {
    this.#bucket = bucket;
    this.#patience = patience;
  }

  async read(release: string, known?: Validator): Promise<OriginAnswer | undefined> {
    const key = storageKey({ release, file: PUBLISHED_INDEX_FILE });
    try {
      return await within(this.#patience, this.#read(key, known));
    } catch (cause) {
      throw new UpstreamError("R2", `gives no index for ${key}`, { cause });
    }
  }

  async #read(key: string, known: Validator | undefined): Promise<OriginAnswer | undefined> {
    const options = known?.origin === "r2" ? { onlyIf: { etagDoesNotMatch: known.etag } } : {};
    const object: R2Object | R2ObjectBody | null = await this.#bucket.get(key, options);
    if (object === null) return undefined;
    if (!("body" in object)) return { kind: "unchanged" };
    if (object.size > MAX_INDEX_BYTES) throw new Error(`has ${object.size} bytes, no index is that large`);
    const index = parsePublishedIndex(await object.text());
    return { kind: "index", index, validator: { origin: "r2", etag: object.etag } };
  }
}
