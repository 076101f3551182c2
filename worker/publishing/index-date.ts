/** Whether an index may have the date that its publisher has put in front of it. */
import { staleFrom, type withoutBestBefore } from "../../schema/index.ts";
import { ApiProblem } from "../errors.ts";

/** Publishers say up to a year; what is further away stands for a clock that is wrong. */
const LONGEST_SPAN_DAYS = 400;
const DAY_MILLISECONDS = 24 * 3600 * 1000;

/**
 * A day that is past stops every machine, and one that is far away protects none.
 * @throws ApiProblem 422 with the time that it is here, for the publisher's may be wrong
 */
export function checkDate(
  { text, day }: ReturnType<typeof withoutBestBefore>,
  isSigned: boolean,
  { now, settleSeconds }: { readonly now: number; readonly settleSeconds: number },
): void {
  if (day === undefined) return;
  if (!isSigned || text === "") {
    const hint = "the date is the signer's: sign the index, or put it without";
    throw new ApiProblem(422, "bad_date", `the index has a date and no ${isSigned ? "line" : "signature"}`, { hint });
  }
  const left = staleFrom(day) - now;
  // Twice the time to settle, and it takes effect (schema/published-index.ts).
  const isPast = left <= 2 * settleSeconds * 1000;
  if (!isPast && left <= LONGEST_SPAN_DAYS * DAY_MILLISECONDS) return;
  const wrong = isPast ? "past before it takes effect" : `more than ${LONGEST_SPAN_DAYS} days away`;
  const hint = `here it is ${new Date(now).toISOString()}: is the clock right where you publish from?`;
  throw new ApiProblem(422, "bad_date", `the index is best before ${day}, which is ${wrong}`, { hint });
}
