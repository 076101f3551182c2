/**
 * Keeps what is not published from the public: files of a release are in the bucket before its inventory names it,
 * and where a publisher has died they stay there.
 */
import { findRelease, INVENTORY_FILE, parseInventory, parseReleaseName, type Release } from "../../schema/index.ts";
import { readDocument } from "../documents.ts";
import { LruMap } from "../lru-map.ts";
import type { FileRequest, Store, StoredFile } from "../stores/store.ts";

const MAX_KNOWN = 20_000;

/** A store of which only published releases are seen. What is published stays so, and is asked for once. */
export class PublishedReleases implements Store {
  readonly #files: Store;
  readonly #known = new LruMap<string, true>(MAX_KNOWN);

  constructor(files: Store) {
    this.#files = files;
  }

  async open(at: Parameters<Store["open"]>[0], request: FileRequest): Promise<StoredFile | undefined> {
    const file = await this.#files.open(at, request);
    const release = parseReleaseName(at.release);
    // What belongs to an extension as a whole is written after its release is published.
    if (file === undefined || release === undefined || this.#known.get(at.release)) return file;
    if (await this.#isPublished(release, request)) {
      this.#known.set(at.release, true);
      return file;
    }
    if (file.kind === "body" && file.body instanceof ReadableStream) await file.body.cancel();
    return undefined;
  }

  async #isPublished({ extension, version }: Release, request: FileRequest): Promise<boolean> {
    const at = { release: extension, file: INVENTORY_FILE };
    const inventory = (await readDocument(this.#files, at, parseInventory, request))?.value;
    const known = inventory && findRelease(inventory, version);
    return known !== undefined && known.pruned?.deletedAt === undefined;
  }
}
