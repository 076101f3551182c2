/** Storage that is empty, counts what is asked of it, or fails. */
import { env } from "cloudflare:workers";

type Method = "get" | "getWithMetadata" | "head" | "put" | "delete" | "list";
const METHODS: readonly string[] = ["get", "getWithMetadata", "head", "put", "delete", "list"] satisfies Method[];

/** Takes away what the tests before have left. */
export async function emptyStorage(): Promise<void> {
  const { objects } = await env.BUCKET.list();
  await env.BUCKET.delete(objects.map(({ key }) => key));
  const { keys } = await env.INDEX_KV.list();
  await Promise.all(keys.map(({ name }) => env.INDEX_KV.delete(name)));
}

/** The same storage, and a list of the operations on it so far: `["head k/f", "get k/f"]`. */
export function counting<T extends R2Bucket | KVNamespace>(storage: T): { storage: T; operations: string[] } {
  const operations: string[] = [];
  return { operations, storage: intercept(storage, (method, key) => void operations.push(`${method} ${nameOf(key)}`)) };
}

/** A key, several, or what is listed. */
function nameOf(key: unknown): string {
  return typeof key === "object" && key !== null && "prefix" in key ? String(key.prefix) : String(key);
}

/** The same storage; once `broken` is set every operation on it fails, or those that are named. */
export function breakable<T extends R2Bucket | KVNamespace>(storage: T): { storage: T; broken: boolean | Method } {
  const state = {
    broken: false as boolean | Method,
    storage: intercept(storage, (method) => {
      if (state.broken === true || state.broken === method) throw new Error("internal secret of the storage (10001)");
    }),
  };
  return state;
}

/** The same storage; of every operation `onCall` is told first, which may throw, or take its time. */
export function intercept<T extends R2Bucket | KVNamespace>(
  storage: T,
  onCall: (method: string, key: unknown) => void | Promise<void>,
): T {
  return new Proxy(storage, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        if (METHODS.includes(String(property))) await onCall(String(property), args[0]);
        return Reflect.apply(member, target, args);
      };
    },
  });
}
