/** Inventories, changed by compare-and-swap: whoever changes one at the same time, nothing is lost. */
import {
  emptyInventory,
  formatInventory,
  INVENTORY_FILE,
  type Inventory,
  parseInventory,
  storageKey,
} from "../../schema/index.ts";
import { UpstreamError } from "../errors.ts";
import type { Objects } from "./objects.ts";

/** R2 takes one write a second to a key: so ten publishers need as many seconds. */
const ATTEMPTS = 20;
/** It says so by failing, and a failure does not tell whether it has written: reading again does. */
const FAILURES = 3;
const FIRST_PAUSE_MILLISECONDS = 50;
const LONGEST_PAUSE_MILLISECONDS = 1_000;

export class Inventories {
  readonly #objects: Objects;

  constructor(objects: Objects) {
    this.#objects = objects;
  }

  /** An empty one where there is none. */
  async read(extension: string): Promise<Inventory> {
    return (await this.#read(extension)).inventory;
  }

  /**
   * @param change gives back what it got where nothing is to be changed; may be called several times
   * @throws whatever `change` throws
   */
  async update(extension: string, change: (inventory: Inventory) => Inventory): Promise<Inventory> {
    let pause = FIRST_PAUSE_MILLISECONDS;
    let failures = 0;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const { inventory, etag } = await this.#read(extension);
      const changed = change(inventory);
      if (changed === inventory) return inventory;
      const expected = etag === undefined ? "nothing" : { etag };
      try {
        const written = await this.#objects.write(keyOf(extension), formatInventory(changed), expected);
        if (written !== undefined) return changed;
      } catch (error) {
        failures += 1;
        if (failures >= FAILURES) throw error;
      }
      await scheduler.wait(pause * (0.5 + Math.random()));
      pause = Math.min(2 * pause, LONGEST_PAUSE_MILLISECONDS);
    }
    throw new UpstreamError("R2", `has ${keyOf(extension)} changed by others all the time`);
  }

  async #read(extension: string): Promise<{ inventory: Inventory; etag?: string }> {
    const key = keyOf(extension);
    const stored = await this.#objects.read(key);
    if (stored === undefined) return { inventory: emptyInventory(extension) };
    try {
      return { inventory: parseInventory(stored.text), etag: stored.etag };
    } catch (cause) {
      throw new UpstreamError("R2", `has ${key}, which cannot be read`, { cause });
    }
  }
}

function keyOf(extension: string): string {
  return storageKey({ release: extension, file: INVENTORY_FILE });
}
