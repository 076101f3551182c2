/**
 * Until when an index may be believed: an entry of it, `BEST-BEFORE-2026-12-26`. From the beginning of that day in UTC
 * on, systemd 260 and later refuse the whole index (ESTALE), so that nobody can show them an old one for ever. Older
 * ones see a file that no pattern matches. Without a signature a date is worth nothing.
 *
 * Ours stands in the first line, once. What others have put is read as loosely as systemd reads it: anywhere, several
 * times (the earliest counts), days and months of one digit; a date that the calendar has not is ignored.
 *
 * systemd 262: sysupdate.d(5), src/sysupdate/sysupdate-resource.c
 */
import type { IndexEntry } from "./sha256sums.ts";

const PREFIX = "BEST-BEFORE-";
/** Of the empty file: systemd warns of any other. */
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const LOOSE = new RegExp(`^${PREFIX}\\s*(?<year>[0-9]{4})-\\s*(?<month>[0-9]{1,2})-\\s*(?<day>[0-9]{1,2})$`);
const FIRST_LINE = new RegExp(`^${EMPTY_SHA256}  ${PREFIX}(?<day>[0-9]{4}-[0-9]{2}-[0-9]{2})\n`);
const DAY_MS = 24 * 3600 * 1000;

/** `ok`; `soon`: less than a third of its time is left; `past`: machines refuse it */
export type Freshness = "ok" | "soon" | "past";

/** Whether an entry is a date, or means to be one, and no file. */
export function isBestBefore({ file }: Pick<IndexEntry, "file">): boolean {
  return file.startsWith(PREFIX);
}

/** The first day that begins so many days later, or less than one more: `2026-12-26`. */
export function bestBeforeAfter(now: Date, days: number): string {
  return isoDay(Math.ceil(now.getTime() / DAY_MS + days) * DAY_MS);
}

/** When a day begins, and an index that is best before it is refused. In milliseconds. */
export function staleFrom(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

/** The day that counts of an index; undefined for one without. */
export function bestBeforeOf(entries: readonly IndexEntry[]): string | undefined {
  return entries.flatMap(({ file }) => dayIn(LOOSE.exec(file)?.groups) ?? []).sort()[0];
}

/** An index with a day in its first line. The empty index has none, for no machine gets to see it. */
export function withBestBefore(text: string, day: string | undefined): string {
  return day === undefined || text === "" ? text : `${EMPTY_SHA256}  ${PREFIX}${day}\n${text}`;
}

/** The inverse of `withBestBefore`. A date that stands elsewhere, or is none, stays in the text. */
export function withoutBestBefore(text: string): { readonly text: string; readonly day?: string } {
  const line = FIRST_LINE.exec(text);
  const day = line?.groups?.day;
  if (line === null || day === undefined || !isDay(day)) return { text };
  return { text: text.slice(line[0].length), day };
}

/** @param since when the index was signed, in milliseconds, as is `now` */
export function freshnessOf(day: string, { since, now }: { readonly since: number; readonly now: number }): Freshness {
  const end = staleFrom(day);
  if (now >= end) return "past";
  return 3 * (end - now) < end - since ? "soon" : "ok";
}

function dayIn(groups: Readonly<Record<string, string | undefined>> | undefined): string | undefined {
  const { year = "", month = "", day = "" } = groups ?? {};
  const written = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  return groups !== undefined && isDay(written) ? written : undefined;
}

/** `Date` makes the 2nd of March of a 30th of February. */
function isDay(written: string): boolean {
  const time = staleFrom(written);
  return !Number.isNaN(time) && isoDay(time) === written;
}

function isoDay(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
