/**
 * Publishers that die within this process. All that one has in the world is its requests: when it dies those under way
 * break off, as the kernel does it to the sockets of a process that is killed, and nothing of it is heard again.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { MortalFetch, type Request, type Where } from "./mortal-fetch.ts";

/** What it asked until it died, or was done */
export interface Life {
  readonly requests: readonly Request[];
  readonly isDead: boolean;
}

const lives = new AsyncLocalStorage<typeof fetch>();
const real = globalThis.fetch;
globalThis.fetch = (input, init) => (lives.getStore() ?? real)(input, init);

/** @param death the request, from 1, at which it dies; none: it lives until it is done */
export async function live(publish: () => Promise<unknown>, death?: { at: number; where: Where }): Promise<Life> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const sockets = new AbortController();
  const die = () => {
    sockets.abort();
    resolve();
  };
  const mortal = new MortalFetch({ at: death?.at ?? 0, where: death?.where ?? "before", die }, (input, init) => {
    if (sockets.signal.aborted) return NEVER;
    return real(input, { ...init, signal: AbortSignal.any([sockets.signal, ...(init?.signal ? [init.signal] : [])]) });
  });
  const own: typeof fetch = (input, init) => {
    if (sockets.signal.aborted) return NEVER;
    // Who is dead does not learn how a request ends, and makes no other one.
    const unlessDead = <T>(outcome: () => T) => (sockets.signal.aborted ? (NEVER as never) : outcome());
    return mortal.fetch(input, init).then(
      (response) => unlessDead(() => response),
      (error) =>
        unlessDead(() => {
          throw error;
        }),
    );
  };
  await Promise.race([promise, lives.run(own, publish)]);
  return { requests: [...mortal.requests], isDead: sockets.signal.aborted };
}

const NEVER = new Promise<never>(() => {});
