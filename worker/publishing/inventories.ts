/** Inventories, which publishers of one extension change at the same time. */
import {
  emptyInventory,
  formatInventory,
  INVENTORY_FILE,
  type Inventory,
  parseInventory,
  storageKey,
} from "../../schema/index.ts";
import type { Objects } from "./objects.ts";
import { SharedDocuments } from "./shared-documents.ts";

export class Inventories {
  readonly #documents: SharedDocuments<Inventory>;

  constructor(objects: Objects) {
    this.#documents = new SharedDocuments(objects, { parse: parseInventory, format: formatInventory });
  }

  /** An empty one where there is none. */
  read(extension: string): Promise<Inventory> {
    return this.#documents.read(keyOf(extension), emptyInventory(extension));
  }

  /**
   * @param change gives back what it got where nothing is to be changed; may be called several times
   * @throws whatever `change` throws
   */
  update(extension: string, change: (inventory: Inventory) => Inventory): Promise<Inventory> {
    return this.#documents.update(keyOf(extension), emptyInventory(extension), change);
  }
}

function keyOf(extension: string): string {
  return storageKey({ release: extension, file: INVENTORY_FILE });
}
