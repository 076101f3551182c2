/** The date in front of a signed index: when it is taken, what clients see of it, and what readiness makes of it. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import {
  bestBeforeAfter,
  formatPublishedIndex,
  type IndexRequest,
  parseSha256Sums,
  seriesIndexes,
  withBestBefore,
} from "../../../schema/index.ts";
import { PublishingBakery, testRelease } from "../support/publishing.ts";
import { emptyStorage } from "../support/storage.ts";

let it: PublishingBakery;

beforeEach(async () => {
  await emptyStorage();
  it = await PublishingBakery.open();
  await it.commitWhole(await testRelease("tool", "1.2.0"));
});

const inDays = (days: number) => bestBeforeAfter(new Date(), days);

async function put(change: (text: string) => string, isSigned = true) {
  const { etag, text } = (await it.state("tool")).body;
  const signatures: IndexRequest["signatures"] = isSigned ? { index: "abcd", series: { "1.2": "abcd" } } : {};
  return it.putIndex("tool", { text: change(text), signatures }, etag);
}

test("a signed index may have one, which clients and series see, and the API does not", async () => {
  const day = inDays(30);
  expect((await put((text) => withBestBefore(text, day))).status).toBe(200);
  const index = await it.text("/extensions/tool/SHA256SUMS");
  expect(index).toContain(`BEST-BEFORE-${day}\n`);
  expect(await it.text("/extensions/tool/1.2/SHA256SUMS")).toBe(seriesIndexes(parseSha256Sums(index)).get("1.2"));
  expect(await it.text("/extensions/tool/1.2/SHA256SUMS")).toContain(`BEST-BEFORE-${day}\n`);
  const { text, last } = (await it.state("tool")).body;
  expect(text).not.toContain("BEST-BEFORE");
  expect(last?.text).toBe(index);
  expect(JSON.parse(await it.text("/api/v1/extensions/tool/latest"))).toMatchObject({ version: "1.2.0" });
});

test.each<[string, (text: string) => string, boolean, string, RegExp]>([
  ["without a signature", (text) => withBestBefore(text, inDays(30)), false, "bad_date", /no signature/],
  ["that is past", (text) => withBestBefore(text, inDays(-3)), true, "bad_date", /past before/],
  ["far away", (text) => withBestBefore(text, inDays(500)), true, "bad_date", /more than 400 days/],
  [
    "twice",
    (text) => withBestBefore(withBestBefore(text, inDays(3)), inDays(3)),
    true,
    "index_mismatch",
    /not one date/,
  ],
  ["at the end", (text) => text + withBestBefore("x", inDays(3)).slice(0, -1), true, "index_mismatch", /not one date/],
  ["of no day", (text) => withBestBefore(text, "2026-02-30"), true, "index_mismatch", /not one date/],
])("a date %s is refused", async (_, change, isSigned, code, message) => {
  const { status, body } = await put(change, isSigned);
  expect([status, body.error]).toMatchObject([422, { code, message: expect.stringMatching(message) }]);
  expect(await it.text("/extensions/tool/SHA256SUMS")).toBe("404");
});

test("publishers learn what time it is before they sign", async () => {
  const { headers } = await it.state("tool");
  expect(Math.abs(Date.parse(headers.get("date") ?? "") - Date.now())).toBeLessThan(60_000);
});

test("readiness tells how long the global index is good, and is gone when machines refuse it", async () => {
  const fresh = async () => {
    const bakery = (await PublishingBakery.open()).bakery;
    const response = await bakery.fetch("/readyz");
    return [response.status, (await response.json<{ freshness: { state: string } }>()).freshness];
  };
  expect(await fresh()).toEqual([200, { state: "none" }]);
  const [{ text }, now] = [(await it.state("tool", "global-index")).body, Date.now()];
  for (const [signed, left, status, state] of [
    [10, 20, 200, "ok"],
    [25, 5, 200, "soon"],
    [31, -1, 503, "past"],
  ] as const) {
    const bestBefore = inDays(left);
    const effectiveAt = new Date(now - signed * 86_400_000).toISOString();
    const generations = [{ effectiveAt, text: withBestBefore(text, bestBefore), signatures: {} }];
    await env.BUCKET.put("SHA256SUMS/index.json", formatPublishedIndex({ schemaVersion: 1, generations }));
    expect(await fresh()).toMatchObject([status, { state, bestBefore }]);
  }
});
