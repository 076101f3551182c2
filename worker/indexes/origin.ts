/** Where indexes are published. */
import type { PublishedIndex } from "../../schema/index.ts";

export type OriginName = "r2" | "github";

/** What lets an origin answer "as you know it" instead of sending all of it again. */
export interface Validator {
  readonly origin: OriginName;
  readonly etag: string;
}

export type OriginAnswer =
  | { readonly kind: "unchanged" }
  | { readonly kind: "index"; readonly index: PublishedIndex; readonly validator: Validator };

export interface IndexOrigin {
  /**
   * @param release an extension, or that of the global index
   * @param known of the newest copy at hand
   * @returns undefined where there is no such index
   * @throws UpstreamError where that cannot be known, and for an index that clients would refuse
   */
  read(release: string, known?: Validator): Promise<OriginAnswer | undefined>;
}

/** Asks one after the other. One that fails ends the search: it may have an index, and the next one's is another. */
export function firstOrigin(...origins: readonly (IndexOrigin | undefined)[]): IndexOrigin {
  return {
    async read(release, known) {
      for (const origin of origins) {
        const answer = await origin?.read(release, known);
        if (answer !== undefined) return answer;
      }
      return undefined;
    },
  };
}
