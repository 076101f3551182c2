/** A map that forgets what was not asked for longest, once it is full. */

interface Entry<V> {
  readonly value: V;
  readonly weight: number;
}

export class LruMap<K, V> {
  readonly #maxEntries: number;
  readonly #maxWeight: number;
  #weight = 0;
  // A Map iterates in the order of insertion, so its first key is the one unused longest.
  readonly #entries = new Map<K, Entry<V>>();

  /** @param maxWeight of all entries together, in whatever unit they are set with */
  constructor(maxEntries: number, maxWeight = Number.POSITIVE_INFINITY) {
    this.#maxEntries = maxEntries;
    this.#maxWeight = maxWeight;
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: K, value: V, weight = 0): void {
    this.delete(key);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      const isFull = this.#entries.size > this.#maxEntries || this.#weight > this.#maxWeight;
      if (!isFull || oldest === key) break;
      this.delete(oldest);
    }
  }

  delete(key: K): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    this.#entries.delete(key);
  }
}
