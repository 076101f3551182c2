/** An index and its signature are of one generation, whichever isolates answer for them. */
import { expect, test } from "vitest";
import { simulate } from "./simulation.ts";

/** Twice the time that an index may be old, and what a refresh may take. */
const SETTLE_SECONDS = 150;

test.each([1, 2, 3])(
  "no client gets a mixed pair, unless the switch falls between its requests (seed %i)",
  async (seed) => {
    const outcome = await simulate({ seed, settleSeconds: SETTLE_SECONDS });
    expect(outcome.mixedWithoutSwitch).toBe(0);
    // (the simulation is one in which pairs can be mixed at all)
    expect(outcome.mixed).toBeGreaterThan(0);
    expect(outcome.mixed).toBeLessThan(outcome.clients / 100);
    expect(outcome.longestWait).toBeLessThanOrEqual(3 * SETTLE_SECONDS);
    expect(outcome.mostGenerations).toBeLessThanOrEqual(4);
  },
);

test("if publications took effect on arrival, many would be mixed (control)", async () => {
  const outcome = await simulate({ seed: 1, settleSeconds: 0 });
  expect(outcome.mixedWithoutSwitch).toBeGreaterThan(50);
});
