/** The record of what was published lately: what the feed of all extensions is made of. */
import {
  formatRecentReleases,
  type Inventory,
  noRecentReleases,
  parseRecentReleases,
  RECENT_RELEASES,
  type RecentReleases,
  storageKey,
  withRecentReleasesOf,
} from "../../schema/index.ts";
import type { Objects } from "./objects.ts";
import { SharedDocuments } from "./shared-documents.ts";

const KEY = storageKey(RECENT_RELEASES);

export class RecentRecord {
  readonly #documents: SharedDocuments<RecentReleases>;

  constructor(objects: Objects) {
    this.#documents = new SharedDocuments(objects, { parse: parseRecentReleases, format: formatRecentReleases });
  }

  /** Takes over what an inventory says of its extension: however often, and whatever was missed before. */
  async note(inventory: Inventory): Promise<void> {
    await this.#documents.update(KEY, noRecentReleases(), (recent) => withRecentReleasesOf(inventory, recent));
  }
}
