/**
 * Until when the indexes that we sign are good. They are signed anew once half of that is over, so that some nightly
 * runs may fail before anybody is alarmed, and many more before machines refuse the indexes.
 */
import { bestBeforeAfter, staleFrom } from "../../schema/index.ts";
import { UsageError } from "../system/errors.ts";

/** What is known to be signed: lines, and the day in front of them. */
export interface SignedIndex {
  readonly text: string;
  readonly day?: string | undefined;
}

/** Days. Alarm is raised ten before the end, and nobody can show an index to machines that is older than a month. */
const DEFAULT_SPAN = 30;
/** A nightly run may fail three times. */
const SHORTEST_SPAN = 7;
const LONGEST_SPAN = 366;
const DAY_MS = 24 * 3600 * 1000;

/**
 * @returns days, as `BAKERY_BEST_BEFORE_DAYS` says; undefined: for ever
 * @throws UsageError
 */
export function bestBeforeDaysFrom({ BAKERY_BEST_BEFORE_DAYS: text }: NodeJS.ProcessEnv): number | undefined {
  if (!text) return DEFAULT_SPAN;
  const days = Number(text);
  const isSpan = /^[0-9]{1,3}$/.test(text) && (days === 0 || (days >= SHORTEST_SPAN && days <= LONGEST_SPAN));
  if (isSpan) return days === 0 ? undefined : days;
  throw new UsageError(`BAKERY_BEST_BEFORE_DAYS is no number of days: ${text}`, {
    hint: `from ${SHORTEST_SPAN} to ${LONGEST_SPAN} (default: ${DEFAULT_SPAN}); 0: indexes have no date`,
  });
}

/** Whether an index of this date is to be signed anew, also where it has none and should, or has one and should not. */
export function isDue(day: string | undefined, days: number | undefined): boolean {
  if (day === undefined) return days !== undefined;
  return days === undefined || 2 * (staleFrom(day) - Date.now()) < days * DAY_MS;
}

/** The day for an index of these lines. */
export function dayFor(text: string, signed: SignedIndex | undefined, days: number | undefined): string | undefined {
  const isKept = signed?.text === text && !isDue(signed.day, days);
  return isKept ? signed.day : newDay(days);
}

/**
 * The day for a global index in which one extension's lines change. It is the earliest of all indexes', so that it alone
 * tells when they are to be signed anew: one that is new does not put that off. Where it is past already, it is the next
 * that is to come.
 * @param last of the global index that is signed; undefined: not all indexes have a date yet
 */
export function sharedDay(last: string | undefined, days: number | undefined): string | undefined {
  if (last === undefined) return undefined;
  const [earliest = last] = [last, newDay(days) ?? last].sort();
  const next = bestBeforeAfter(new Date(), 1);
  return earliest < next ? next : earliest;
}

function newDay(days: number | undefined): string | undefined {
  return days === undefined ? undefined : bestBeforeAfter(new Date(), days);
}
