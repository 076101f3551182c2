/** In every state of its upstreams a bakery answers as `fault-cases.ts` says, and with no wrong byte. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { answerText, expectedAnswer, type FaultCase, faultCases, R2, REQUESTS } from "./fault-cases.ts";
import { LONG_PATIENCE, observe, worldOf } from "./support/fault-world.ts";

/** So many bakeries wait for what hangs at the same time. */
const BATCH = 150;
/** Far above what the short patiences add up to, and below any long one: who waits for more waits without bound. */
const LONGEST_MILLISECONDS = LONG_PATIENCE / 2;

// Thousands of lines about faults that were asked for.
beforeAll(() => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterAll(() => vi.restoreAllMocks());

describe.each(REQUESTS)("%s", (request) => {
  test.each(R2)("where R2 %s", { timeout: 2 * LONG_PATIENCE }, async (r2) => {
    const cases = faultCases().filter((it) => it.request === request && it.r2 === r2);
    const wrong: object[] = [];
    for (let start = 0; start < cases.length; start += BATCH) {
      wrong.push(
        ...(await Promise.all(cases.slice(start, start + BATCH).map(verdict))).filter((it) => it !== undefined),
      );
    }
    expect(cases.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });
});

async function verdict(at: FaultCase): Promise<object | undefined> {
  const expected = answerText(expectedAnswer(at));
  const bakery = await worldOf(at);
  const start = Date.now();
  const answer = await observe(bakery, at.request);
  const milliseconds = Date.now() - start;
  return answer === expected && milliseconds < LONGEST_MILLISECONDS
    ? undefined
    : { ...at, expected, answer, milliseconds };
}
