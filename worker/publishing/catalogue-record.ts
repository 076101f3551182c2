/** The record of all extensions: what the page is made of that lists them. */
import {
  CATALOGUE_RECORD,
  type CatalogueRecord,
  EXTENSION_PROFILE_FILE,
  emptyCatalogueRecord,
  formatCatalogueRecord,
  type Inventory,
  parseCatalogueRecord,
  parseExtensionProfile,
  storageKey,
  withExtension,
} from "../../schema/index.ts";
import type { Clock } from "../context.ts";
import { logProblem } from "../log.ts";
import type { Objects } from "./objects.ts";
import { SharedDocuments } from "./shared-documents.ts";

const KEY = storageKey(CATALOGUE_RECORD);

export class CatalogueKeeper {
  readonly #objects: Objects;
  readonly #documents: SharedDocuments<CatalogueRecord>;
  readonly #now: Clock;

  constructor(objects: Objects, now: Clock) {
    this.#objects = objects;
    this.#documents = new SharedDocuments(objects, { parse: parseCatalogueRecord, format: formatCatalogueRecord });
    this.#now = now;
  }

  /** Takes over what is known of an extension. People miss it where that fails, and machines do not: so nothing fails. */
  async note(inventory: Inventory): Promise<void> {
    const { extension } = inventory;
    try {
      const key = storageKey({ release: extension, file: EXTENSION_PROFILE_FILE });
      const stored = await this.#objects.read(key);
      const profile = stored && parseExtensionProfile(stored.text);
      await this.#documents.update(KEY, emptyCatalogueRecord(), (record) => withExtension(inventory, profile, record));
    } catch (error) {
      logProblem(`the catalogue does not tell what is new of ${extension}`, error, this.#now);
    }
  }
}
