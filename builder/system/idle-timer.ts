/** Tells a connection that is slow from one that is dead. */

/** Aborts what goes on for too long without a sign of life. */
export class IdleTimer {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(limit: number) {
    const reason = new Error(`nothing received for ${limit / 1_000} s`);
    this.#timer = setTimeout(() => this.#controller.abort(reason), limit);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  restart(): void {
    this.#timer.refresh();
  }
  stop(): void {
    clearTimeout(this.#timer);
  }
}
