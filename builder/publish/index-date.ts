/**
 * Until when the indexes that we sign are good. They are signed anew once half of that is over, so that some nightly
 * runs may fail before anybody is alarmed, and many more before machines refuse the indexes.
 */
import { bestBeforeAfter, staleFrom } from "../../schema/index.ts";
import { UsageError } from "../system/errors.ts";

/** Days. Alarm is raised ten before the end, and nobody can show an index to machines that is older than a month. */
const DEFAULT_SPAN = 30;
/** A nightly run may fail three times. */
const SHORTEST_SPAN = 7;
const LONGEST_SPAN = 366;
const DAY_MS = 24 * 3600 * 1000;

/** What a run dates its indexes with; the same day for all of them, however long it takes. */
export interface BestBefore {
  readonly days: number;
  /** So many days after the run has begun */
  readonly day: string;
}

/**
 * @returns what `BAKERY_BEST_BEFORE_DAYS` says; undefined: no dates
 * @throws UsageError
 */
export function bestBeforeFrom({ BAKERY_BEST_BEFORE_DAYS: text }: NodeJS.ProcessEnv): BestBefore | undefined {
  const days = text ? Number(text) : DEFAULT_SPAN;
  const isSpan = days === 0 || (days >= SHORTEST_SPAN && days <= LONGEST_SPAN);
  if (!isSpan || !Number.isInteger(days)) {
    throw new UsageError(`BAKERY_BEST_BEFORE_DAYS is no number of days: ${text}`, {
      hint: `from ${SHORTEST_SPAN} to ${LONGEST_SPAN} (default: ${DEFAULT_SPAN}); 0: indexes have no date`,
    });
  }
  return days === 0 ? undefined : { days, day: bestBeforeAfter(new Date(), days) };
}

/** Whether an index of this date is to be signed anew, also where it has none and should, or has one and should not. */
export function isDue(day: string | undefined, wanted: BestBefore | undefined): boolean {
  if (day === undefined || wanted === undefined) return day !== wanted?.day;
  return 2 * (staleFrom(day) - Date.now()) < wanted.days * DAY_MS;
}

/**
 * The day for a global index in which one extension's lines change. It is the earliest of all indexes', so that it alone
 * tells when they are to be signed anew: one that is new does not put that off. Where it is past already, it is the next
 * that is to come.
 * @param last of the global index that is signed; undefined: not all indexes have a date yet
 */
export function sharedDay(last: string | undefined, wanted: BestBefore | undefined): string | undefined {
  if (last === undefined) return undefined;
  const [earliest = last] = [last, wanted?.day ?? last].sort();
  return [earliest, bestBeforeAfter(new Date(), 1)].sort().at(-1);
}
