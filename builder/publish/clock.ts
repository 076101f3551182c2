/** Whether this machine's clock can be right: a date that is signed by a wrong one stops machines, or protects none. */
import { UserError } from "../system/errors.ts";

/** As much as a bakery allows to signatures. */
const SKEW_MS = 300_000;

/**
 * @param there what time it is where we publish to, as the header `Date` has it; what is none says nothing
 * @throws UserError
 */
export function demandClockOf(there: string | null): void {
  const time = Date.parse(there ?? "");
  if (Math.abs(Date.now() - time) > SKEW_MS) throw wrong(`the bakery has ${new Date(time).toISOString()}`);
}

/**
 * @param past moments that are over for certain, by RFC 3339
 * @throws UserError
 */
export function demandClockAfter(past: readonly string[]): void {
  const future = past.find((time) => Date.parse(time) - Date.now() > SKEW_MS);
  if (future !== undefined) throw wrong(`something was published at ${future}`);
}

function wrong(because: string): UserError {
  return new UserError("this machine's clock is wrong, and nothing is signed by it", {
    details: { here: new Date().toISOString(), because },
    hint: "set the clock, and call it again",
  });
}
