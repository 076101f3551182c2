/** Asks stores one after the other. */
import type { Store } from "./store.ts";

/**
 * The first store that has a file answers. A store that fails ends the search: the next one might have other bytes
 * under the name, of which the index knows nothing.
 * @param candidates those of which there is no binding are left out
 */
export function firstOf(...candidates: readonly (Store | undefined)[]): Store {
  const stores = candidates.filter((store) => store !== undefined);
  const [only] = stores;
  if (only !== undefined && stores.length === 1) return only;
  return {
    async open(at, request) {
      for (const store of stores) {
        const file = await store.open(at, request);
        if (file !== undefined) return file;
      }
      return undefined;
    },
  };
}
