/** Feeds: of one extension from its inventory, of all from the record of what was published lately. */
import {
  FEED_FORMATS,
  type FeedKind,
  INVENTORY_FILE,
  isExtensionName,
  type Locator,
  makeFeed,
  parseInventory,
  parseRecentReleases,
  RECENT_RELEASES,
  recentReleasesOf,
} from "../schema/index.ts";
import { sha256Hex } from "./digest.ts";
import { readDocument } from "./documents.ts";
import { memoryBody } from "./stores/memory-body.ts";
import type { FileRequest, Store, StoredFile } from "./stores/store.ts";

/**
 * @param base the bakery's address
 * @returns undefined where nothing was published here: an index of somebody else's has no dates
 */
export async function openFeed(
  store: Store,
  { kind, at }: { readonly kind: FeedKind; readonly at: Locator },
  base: string,
  request: FileRequest,
): Promise<StoredFile | undefined> {
  const extension = isExtensionName(at.release) ? at.release : undefined;
  const found =
    extension === undefined
      ? await readDocument(store, RECENT_RELEASES, (json) => parseRecentReleases(json).releases, request)
      : await readDocument(
          store,
          { release: extension, file: INVENTORY_FILE },
          (json) => recentReleasesOf(parseInventory(json)),
          request,
        );
  const feed = found && makeFeed(found.value, { base, extension });
  if (found === undefined || feed === undefined) return undefined;
  const bytes = new TextEncoder().encode(FEED_FORMATS[kind](feed));
  return memoryBody({ bytes, sha256: await sha256Hex(bytes) }, found.source, request);
}
