/** GitHub is not asked while it says that it does not want to be. */
import { beforeEach, describe, expect, test } from "vitest";
import { bakery } from "../support/bakery.ts";
import { INDEX, INDEX_PATH, NEXT_INDEX } from "../support/files.ts";
import { answering, type Fault, Github } from "../support/github.ts";
import { emptyStorage } from "../support/storage.ts";

const NOW = Date.UTC(2026, 10, 24);

let github: Github;
beforeEach(async () => {
  await emptyStorage();
  github = new Github();
  github.publishIndex(INDEX);
});

/** A new isolate that starts at the given time. */
function isolate(start = NOW) {
  let now = start;
  const { fetch } = bakery({ BUCKET: undefined }, { fetch: github.fetch, now: () => now });
  return {
    wait: (seconds: number) => {
      now += seconds * 1000;
    },
    async index(path = INDEX_PATH) {
      const response = await fetch(path);
      return response.status === 200 ? await response.text() : response.status;
    },
  };
}

/** As GitHub's primary limit has it, with the time when it is lifted. */
function limitedUntil(milliseconds: number): Record<string, string> {
  return { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(milliseconds / 1000) };
}

const AFTER = 300;
const cases: readonly [string, Fault][] = [
  ["403 with Retry-After", answering(403, { "retry-after": String(AFTER) })],
  ["429 with Retry-After", answering(429, { "retry-after": String(AFTER) })],
  ["503 with Retry-After", answering(503, { "retry-after": String(AFTER) })],
  ["403 with the end of the rate limit", answering(403, limitedUntil(NOW + AFTER * 1000))],
  ["429 with the end of the rate limit", answering(429, limitedUntil(NOW + AFTER * 1000))],
];

describe.each(cases)("after a %s", (_name, fault) => {
  test("nobody asks before that time, and clients without a copy are sent to GitHub", async () => {
    const { index, wait } = isolate();
    github.fault = fault;
    expect(await index()).toBe(302);
    github.fault = undefined;
    github.takeRequests();
    wait(AFTER - 1);
    expect(await index()).toBe(302);
    expect(github.takeRequests()).toEqual([]);
    wait(1);
    expect(await index()).toBe(INDEX);
  });

  test("nobody asks before that time, and the last copy is served", async () => {
    const { index, wait } = isolate(NOW - 3600_000);
    await index();
    github.publishIndex(NEXT_INDEX);
    wait(3600);
    github.fault = fault;
    expect(await index()).toBe(INDEX);
    github.fault = undefined;
    github.takeRequests();
    wait(AFTER - 1);
    expect(await index()).toBe(INDEX);
    expect(github.takeRequests()).toEqual([]);
    wait(1);
    expect(await index()).toBe(NEXT_INDEX);
  });
});

test.each([
  ["Retry-After", { "retry-after": String(24 * 3600) }],
  ["a rate limit", limitedUntil(NOW + 24 * 3600_000)],
])("%s of a day is believed for a quarter of an hour", async (_name, headers) => {
  const { index, wait } = isolate();
  github.fault = answering(429, headers);
  await index();
  github.takeRequests();
  wait(899);
  await index();
  expect(github.takeRequests()).toEqual([]);
  github.fault = undefined;
  wait(1);
  expect(await index()).toBe(INDEX);
});

test.each([
  ["a time that is over", limitedUntil(NOW - 1000)],
  ["a negative time", { "retry-after": "-1" }],
  ["no number", { "retry-after": "soon" }],
  ["a limit that is not reached", { ...limitedUntil(NOW + AFTER * 1000), "x-ratelimit-remaining": "1" }],
])("of %s nothing is made: it is asked again after ten seconds", async (_name, headers) => {
  const { index, wait } = isolate();
  github.fault = answering(403, headers);
  expect(await index()).toBe(302);
  github.fault = undefined;
  wait(10);
  expect(await index()).toBe(INDEX);
});

test("a limit is one for all indexes: another is not asked for either, until it is lifted", async () => {
  const { index, wait } = isolate();
  github.fault = answering(429, { "retry-after": String(AFTER) });
  await index();
  github.fault = undefined;
  github.publishIndex(INDEX, "k3s");
  github.takeRequests();
  expect(await index("/extensions/k3s/SHA256SUMS")).toBe(302);
  expect(github.takeRequests()).toEqual([]);
  wait(AFTER);
  expect(await index("/extensions/k3s/SHA256SUMS")).toBe(INDEX);
});
