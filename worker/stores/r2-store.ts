/** Files in an R2 bucket. */
import { isSha256, type Locator, storageKey } from "../../schema/index.ts";
import { decideOutcome, isPlainGet, type Outcome, type Representation } from "../conditional.ts";
import { etagOf, toHex } from "../digest.ts";
import { UpstreamError } from "../errors.ts";
import { within } from "../time-limit.ts";
import type { FileRequest, Store, StoredBody } from "./store.ts";

/** R2 refuses longer keys, so nothing can be stored under one. */
const MAX_KEY_BYTES = 1024;
const ATTEMPTS = 3;

/** One operation for a plain GET and for HEAD; conditions and ranges are held against the object's head first. */
export class R2Store implements Store {
  readonly #bucket: R2Bucket;
  readonly #patience: number;

  /** @param patience milliseconds, until the first byte */
  constructor(bucket: R2Bucket, patience: number) {
    this.#bucket = bucket;
    this.#patience = patience;
  }

  async open(at: Locator, request: FileRequest): Promise<StoredBody | undefined> {
    const key = storageKey(at);
    if (new TextEncoder().encode(key).length > MAX_KEY_BYTES) return undefined;
    try {
      const opening = isPlainGet(request) ? this.#openWhole(key) : this.#openSelected(key, request);
      return await within(this.#patience, opening);
    } catch (cause) {
      throw new UpstreamError("R2", `cannot read ${key}`, { cause });
    }
  }

  async #openWhole(key: string): Promise<StoredBody | undefined> {
    const object = await this.#bucket.get(key);
    return object === null ? undefined : storedBody(object, { kind: "full" }, object.body);
  }

  async #openSelected(key: string, request: FileRequest): Promise<StoredBody | undefined> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const head = await this.#bucket.head(key);
      if (head === null) return undefined;

      const outcome = decideOutcome(request, representationOf(head));
      const hasBytes = outcome.kind === "full" || outcome.kind === "part";
      if (!hasBytes || request.method === "HEAD") return storedBody(head, outcome, null);

      // The decision holds for these bytes only; a transfer file may have been replaced since.
      const object = await this.#bucket.get(key, {
        onlyIf: { etagMatches: head.etag },
        ...(outcome.kind === "part" && { range: { offset: outcome.offset, length: outcome.length } }),
      });
      if (object !== null && "body" in object) return storedBody(object, outcome, object.body);
    }
    throw new Error(`replaced ${ATTEMPTS} times while it was read`);
  }
}

function storedBody(object: R2Object, outcome: Outcome, body: ReadableStream | null): StoredBody {
  return { kind: "body", source: "r2", representation: representationOf(object), outcome, body };
}

function representationOf({ size, uploaded, checksums, customMetadata, httpEtag }: R2Object): Representation {
  // R2 knows no hash of an object that came in parts, so the publisher leaves it in the metadata.
  const sha256 = checksums.sha256 === undefined ? customMetadata?.sha256 : toHex(checksums.sha256);
  const etag = sha256 !== undefined && isSha256(sha256) ? etagOf(sha256) : httpEtag;
  return { size, etag, modified: uploaded };
}
