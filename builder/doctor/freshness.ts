/** Whether indexes are good for long enough, and whether their dates fit together. */
import { bestBeforeOf, freshnessOf, parseSha256Sums } from "../../schema/index.ts";
import { signedAt } from "../signing/keyring.ts";
import type { Problem } from "./examine.ts";
import type { Source } from "./source.ts";

/** Each night it would be mended by this. */
const MEND = "./bakery reindex --due";

/**
 * An old index that somebody replays is found out by this at the latest: its date comes near, and it is past.
 * @returns the day from which on machines refuse the index; undefined where it does not say
 */
export async function examineDate(
  source: Source,
  path: string,
  text: string | undefined,
  now: Date,
  problems: Problem[],
): Promise<string | undefined> {
  const day = text === undefined ? undefined : bestBeforeOf(parseSha256Sums(text));
  if (day === undefined) return undefined;
  const signature = await source.read(`${path}.gpg`);
  const since = signature && (await signedAt(signature));
  if (since === undefined) problems.push({ path, problem: `is best before ${day}, and not signed` });
  const freshness = freshnessOf(day, { since: since ?? now.getTime(), now: now.getTime() });
  if (freshness === "past") problems.push({ path, problem: `was best before ${day}, and machines refuse it: ${MEND}` });
  if (freshness === "soon") {
    problems.push({ path, problem: `is best before ${day}, and was not signed anew in time: ${MEND}` });
  }
  return day;
}

/**
 * By the global index's date alone it is known when indexes are to be signed anew, so it must be the earliest.
 * @returns what is wrong
 */
export function datesDiffer(own: string | undefined, global: string | undefined): string | undefined {
  if (own === undefined) return global && "has no date, and the global index has one: ./bakery reindex --all";
  // Of a mirror that has a part of a bakery the global index is nobody's.
  return global !== undefined && own < global
    ? `is best before ${own}, sooner than the global index: ./bakery reindex --all`
    : undefined;
}
