/** Several things at once that stand or fall together. */

export class TaskGroup {
  readonly signal: AbortSignal;
  readonly #ending = new AbortController();

  /** @param outer ends all of them too */
  constructor(outer?: AbortSignal) {
    outer?.throwIfAborted();
    this.signal = outer === undefined ? this.#ending.signal : AbortSignal.any([outer, this.#ending.signal]);
  }

  /**
   * @param tasks heed the group's signal
   * @throws what the first one failed with, when all have ended: none goes on with what its caller is about to remove
   */
  async all<T extends readonly unknown[]>(tasks: { readonly [K in keyof T]: Promise<T[K]> }): Promise<T> {
    const running: readonly Promise<unknown>[] = tasks;
    try {
      return (await Promise.all(running)) as unknown as T;
    } catch (error) {
      this.#ending.abort(error);
      await Promise.allSettled(running);
      throw error;
    }
  }
}
