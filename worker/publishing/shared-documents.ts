/** JSON documents that several change at once, by compare-and-swap: nothing is lost. */
import { UpstreamError } from "../errors.ts";
import type { Objects } from "./objects.ts";

export interface DocumentFormat<T> {
  /** @throws InvalidInput */
  parse(json: string): T;
  format(value: T): string;
}

/** R2 takes one write a second to a key: so ten publishers need as many seconds. */
const ATTEMPTS = 20;
/** It says so by failing, and a failure does not tell whether it has written: reading again does. */
const FAILURES = 3;
const FIRST_PAUSE_MILLISECONDS = 50;
const LONGEST_PAUSE_MILLISECONDS = 1_000;

export class SharedDocuments<T> {
  readonly #objects: Objects;
  readonly #format: DocumentFormat<T>;

  constructor(objects: Objects, format: DocumentFormat<T>) {
    this.#objects = objects;
    this.#format = format;
  }

  /** @param empty what is said where there is none */
  async read(key: string, empty: T): Promise<T> {
    return (await this.#read(key, empty)).value;
  }

  /**
   * @param change gives back what it got where nothing is to be changed; may be called several times
   * @throws whatever `change` throws
   */
  async update(key: string, empty: T, change: (value: T) => T): Promise<T> {
    let pause = FIRST_PAUSE_MILLISECONDS;
    let failures = 0;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const { value, etag } = await this.#read(key, empty);
      const changed = change(value);
      if (changed === value) return value;
      const expected = etag === undefined ? "nothing" : { etag };
      try {
        const written = await this.#objects.write(key, this.#format.format(changed), expected);
        if (written !== undefined) return changed;
      } catch (error) {
        failures += 1;
        if (failures >= FAILURES) throw error;
      }
      await scheduler.wait(pause * (0.5 + Math.random()));
      pause = Math.min(2 * pause, LONGEST_PAUSE_MILLISECONDS);
    }
    throw new UpstreamError("R2", `has ${key} changed by others all the time`);
  }

  async #read(key: string, empty: T): Promise<{ value: T; etag?: string }> {
    const stored = await this.#objects.read(key);
    if (stored === undefined) return { value: empty };
    try {
      return { value: this.#format.parse(stored.text), etag: stored.etag };
    } catch (cause) {
      throw new UpstreamError("R2", `has ${key}, which cannot be read`, { cause });
    }
  }
}
