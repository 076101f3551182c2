/** What threads tell each other while they work, in memory that they share. */

/** How much may still come, of all layers of an image. */
export class Allowance {
  /** For the other side. */
  readonly shared: Int32Array<SharedArrayBuffer>;

  constructor(shared: Int32Array<SharedArrayBuffer>) {
    this.shared = shared;
  }

  static of(entries: number): Allowance {
    return new Allowance(new Int32Array(new SharedArrayBuffer(4)).fill(entries));
  }

  /** Takes one more; false where there is none left. */
  take(): boolean {
    return Atomics.sub(this.shared, 0, 1) > 0;
  }
}

const SIZE = 0;
const STATE = 1;
const NEWS = 2;
/** At first neither. */
const STATES = { complete: 1n, given_up: 2n } as const;

/** How much of a file has arrived, told by one thread and waited for by another. */
export class Progress {
  readonly shared: BigInt64Array<SharedArrayBuffer>;

  constructor(shared = new BigInt64Array(new SharedArrayBuffer(24))) {
    this.shared = shared;
  }

  /** Bytes that are there. */
  get size(): number {
    return Number(Atomics.load(this.shared, SIZE));
  }

  grow(size: number): void {
    Atomics.store(this.shared, SIZE, BigInt(size));
    this.#tell();
  }

  /** No more will come: it is all there, or nobody wants it any more. */
  end(state: "complete" | "given_up"): void {
    Atomics.store(this.shared, STATE, STATES[state]);
    this.#tell();
  }

  /**
   * @returns whether there is more than `size`; else it is complete
   * @throws Error when it was given up, whatever is there
   */
  async moreThan(size: number): Promise<boolean> {
    for (;;) {
      const news = Atomics.load(this.shared, NEWS);
      const state = Atomics.load(this.shared, STATE);
      if (state === STATES.given_up) throw new Error("nobody waits for it any more");
      if (this.size > size) return true;
      if (state === STATES.complete) return false;
      await Atomics.waitAsync(this.shared, NEWS, news).value;
    }
  }

  #tell(): void {
    Atomics.add(this.shared, NEWS, 1n);
    Atomics.notify(this.shared, NEWS);
  }
}
