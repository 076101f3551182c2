/** Waits for others no longer than agreed: storage and servers may hang, and a client must not hang with them. */

/** How long each of the others may take, in milliseconds. */
export interface Patience {
  readonly kv: number;
  readonly r2: number;
  readonly github: number;
  /** Of one file on its way into R2: from a publisher, or from where its parts are */
  readonly file: number;
  /** Of who is told of publications; Standard Webhooks recommends as much, and nobody waits for it */
  readonly webhook: number;
}

/** systemd-pull gives up after 60 s; what clients wait for is well below, all in turn. */
export const PATIENCE: Patience = { kv: 1_000, r2: 5_000, github: 5_000, file: 15 * 60_000, webhook: 15_000 };

/**
 * The work's outcome; what comes of it later is ignored.
 * @throws Error when the time is over
 */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
