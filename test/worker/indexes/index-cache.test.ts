/** Indexes come from memory, KV and R2, and outlive the failure of each. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { formatPublishedIndex, unsignedIndex } from "../../../schema/index.ts";
import { bakery, standaloneBakery } from "../support/bakery.ts";
import { INDEX, INDEX_KEY, INDEX_PATH, NEXT_INDEX, putFile, putIndex, sha256 } from "../support/files.ts";
import { breakable, counting, emptyStorage } from "../support/storage.ts";

const { BUCKET: bucket, INDEX_KV: kv } = env;
const KV_KEY = "index/kubernetes";
const MALFORMED = `${INDEX}not a line\n`;

beforeEach(async () => {
  await emptyStorage();
  await putIndex(bucket, INDEX);
});

/** A new isolate whose storage can be counted and broken. */
function isolate(overrides: Parameters<typeof standaloneBakery>[0] = {}) {
  const r2 = breakable(bucket);
  const kvState = breakable(kv);
  const countedR2 = counting(r2.storage);
  const countedKv = counting(kvState.storage);
  const { fetch, wait } = standaloneBakery({ BUCKET: countedR2.storage, INDEX_KV: countedKv.storage, ...overrides });
  return {
    r2,
    kv: kvState,
    wait,
    async index(path = INDEX_PATH) {
      const response = await fetch(path);
      return response.status === 200 ? await response.text() : response.status;
    },
    /** What was asked of the storage since the last time. */
    operations: () => [
      ...countedR2.operations.splice(0).map((operation) => `r2 ${operation}`),
      ...countedKv.operations.splice(0).map((operation) => `kv ${operation}`),
    ],
  };
}

describe("freshness", () => {
  test("a cold isolate asks KV, then R2, and leaves a copy in KV", async () => {
    const { index, operations } = isolate();
    expect(await index()).toBe(INDEX);
    expect(operations()).toEqual([`r2 get ${INDEX_KEY}`, `kv getWithMetadata ${KV_KEY}`, `kv put ${KV_KEY}`]);
  });

  test("a warm isolate asks nobody", async () => {
    const { index, operations, wait } = isolate();
    await index();
    operations();
    wait(59);
    expect(await index()).toBe(INDEX);
    expect(operations()).toEqual([]);
  });

  test("another isolate gets the copy in KV", async () => {
    await isolate().index();
    const { index, operations } = isolate();
    expect(await index()).toBe(INDEX);
    expect(await index()).toBe(INDEX);
    expect(operations()).toEqual([`kv getWithMetadata ${KV_KEY}`]);
  });

  test("a copy from KV is as old as its reading from R2", async () => {
    await isolate().index();
    await putIndex(bucket, NEXT_INDEX);
    const { index, wait } = isolate();
    wait(40);
    expect(await index()).toBe(INDEX);
    wait(21);
    expect(await index()).toBe(INDEX);
    expect(await index()).toBe(NEXT_INDEX);
  });

  test("after a minute the copy at hand is served once more, while R2 is asked with one operation", async () => {
    const { index, operations, wait } = isolate();
    await index();
    operations();
    await putIndex(bucket, NEXT_INDEX);
    wait(59);
    expect(await index()).toBe(INDEX);
    expect(operations()).toEqual([]);
    wait(1);
    expect(await index()).toBe(INDEX);
    expect(await index()).toBe(NEXT_INDEX);
  });

  test("after two minutes without requests the first one waits for R2", async () => {
    const { index, wait } = isolate();
    await index();
    await putIndex(bucket, NEXT_INDEX);
    wait(120);
    expect(await index()).toBe(NEXT_INDEX);
  });

  test("an unchanged index is not read again: one operation a minute", async () => {
    const { index, operations, wait } = isolate();
    await index();
    operations();
    wait(60);
    for (let request = 0; request < 1000; request++) await index();
    expect(operations()).toEqual([`r2 get ${INDEX_KEY}`]);
  });

  test("INDEX_TTL_SECONDS=0 shows it at once, and an index that did not exist too", async () => {
    const { index } = isolate({ INDEX_TTL_SECONDS: 0 });
    await index();
    await putIndex(bucket, NEXT_INDEX);
    expect(await index()).toBe(NEXT_INDEX);
    expect(await index("/extensions/SHA256SUMS")).toBe(404);
    await putIndex(bucket, INDEX, "SHA256SUMS");
    expect(await index("/extensions/SHA256SUMS")).toBe(INDEX);
  });

  test("an unchanged copy is written to KV every quarter of an hour, a changed one at once", async () => {
    const { index, operations, wait } = isolate();
    const writes = () => operations().filter((operation) => operation.startsWith("kv put")).length;
    await index();
    expect(writes()).toBe(1);
    wait(600);
    await index();
    expect(writes()).toBe(0);
    wait(300);
    await index();
    expect(writes()).toBe(1);
    await putIndex(bucket, NEXT_INDEX);
    wait(120);
    await index();
    expect(writes()).toBe(1);
  });

  test("of a new index that KV has already, the other isolates write nothing", async () => {
    const [one, another] = [isolate(), isolate()];
    await one.index();
    await another.index();
    await putIndex(bucket, NEXT_INDEX);
    for (const { wait, index } of [one, another]) {
      wait(120);
      expect(await index()).toBe(NEXT_INDEX);
    }
    expect(another.operations().filter((operation) => operation.startsWith("kv put"))).toEqual([]);
  });

  test("without KV it is memory and R2", async () => {
    const { index, operations, wait } = isolate({ INDEX_KV: undefined });
    await index();
    wait(61);
    expect(await index()).toBe(INDEX);
    expect(operations()).toEqual([`r2 get ${INDEX_KEY}`, `r2 get ${INDEX_KEY}`]);
  });

  test("of many requests at once one reads R2, and the others get the copy at hand", async () => {
    const { index, operations, wait } = isolate();
    await index();
    operations();
    await putIndex(bucket, NEXT_INDEX);
    wait(61);
    const answers = await Promise.all(Array.from({ length: 20 }, () => index()));
    expect(new Set(answers)).toEqual(new Set([INDEX]));
    expect(operations().filter((operation) => operation.startsWith("r2"))).toHaveLength(1);
    expect(await index()).toBe(NEXT_INDEX);
  });

  test.each([0, 3600])("of many at once one reads for all where there is no copy, or one %i s old", async (age) => {
    const { index, operations, wait } = isolate();
    if (age > 0) await index();
    operations();
    await putIndex(bucket, NEXT_INDEX);
    wait(age);
    const answers = await Promise.all(Array.from({ length: 20 }, () => index()));
    expect(new Set(answers)).toEqual(new Set([NEXT_INDEX]));
    expect(operations().filter((operation) => operation.startsWith("r2"))).toHaveLength(1);
  });

  test("a refresh that was cut off with its request does not keep others from trying", async () => {
    const hanging = { now: false };
    const storage = new Proxy(bucket, {
      get: (target) => async (key: string) => await (hanging.now ? new Promise(() => {}) : target.get(key)),
    });
    const { index, wait } = isolate({ BUCKET: storage });
    await index();
    hanging.now = true;
    wait(61);
    void index();
    await vi.waitFor(async () => expect(await index()).toBe(INDEX));
    hanging.now = false;
    await putIndex(bucket, NEXT_INDEX);
    wait(60);
    expect(await index()).toBe(NEXT_INDEX);
  });
});

describe("absence", () => {
  test("is remembered for a minute", async () => {
    await bucket.delete(INDEX_KEY);
    const { index, operations, wait } = isolate({ INDEX_TTL_SECONDS: 600 });
    expect(await index()).toBe(404);
    operations();
    await putIndex(bucket, INDEX);
    wait(59);
    expect(await index()).toBe(404);
    expect(operations()).toEqual([]);
    wait(1);
    expect(await index()).toBe(INDEX);
  });

  test("is believed over the copies, which are forgotten", async () => {
    const { index, wait, r2 } = isolate();
    await index();
    await bucket.delete(INDEX_KEY);
    wait(120);
    expect(await index()).toBe(404);
    expect(await kv.get(KV_KEY)).toBeNull();
    r2.broken = true;
    wait(61);
    expect(await index()).toBe(503);
  });
});

describe("failure", () => {
  test("of R2: the copy in memory is served, without limit, and R2 is asked once in a while", async () => {
    const { index, r2, operations, wait } = isolate({ INDEX_KV: undefined });
    await index();
    operations();
    r2.broken = true;
    wait(30 * 24 * 3600);
    expect(await index()).toBe(INDEX);
    expect(await index()).toBe(INDEX);
    expect(operations()).toHaveLength(1);
    r2.broken = false;
    await putIndex(bucket, NEXT_INDEX);
    wait(120);
    expect(await index()).toBe(NEXT_INDEX);
  });

  test("of R2: a cold isolate serves the copy in KV, however old", async () => {
    await isolate().index();
    const { index, r2, wait } = isolate();
    r2.broken = true;
    wait(30 * 24 * 3600);
    expect(await index()).toBe(INDEX);
  });

  test("of R2 without a copy: 503, also where GitHub has an index, for it is another", async () => {
    const { index, r2, wait } = isolate({ GITHUB_REPOSITORY: "flatcar/sysext-bakery" });
    r2.broken = true;
    expect(await index()).toBe(503);
    r2.broken = false;
    wait(10);
    expect(await index()).toBe(INDEX);
  });

  test("of R2 without a copy: it is left alone for ten seconds", async () => {
    const { index, r2, operations, wait } = isolate();
    r2.broken = true;
    await index();
    operations();
    expect(await index()).toBe(503);
    expect(operations()).toEqual([]);
    wait(10);
    expect(await index()).toBe(503);
    expect(operations()).toContain(`r2 get ${INDEX_KEY}`);
  });

  test("of KV: nobody notices", async () => {
    const { index, kv: broken, wait } = isolate();
    broken.broken = true;
    expect(await index()).toBe(INDEX);
    wait(61);
    expect(await index()).toBe(INDEX);
  });

  test("of KV's writes: nobody notices", async () => {
    const { index, kv: broken } = isolate();
    broken.broken = "put";
    expect(await index()).toBe(INDEX);
    expect(await kv.get(KV_KEY)).toBeNull();
  });

  const now = Date.now();
  const good = { origin: "r2", etag: "x", readAt: now, usedAt: now };
  const unsigned = (text: string) => formatPublishedIndex(unsignedIndex(text, new Date(0)));
  test.each([
    ["no JSON", "{", good],
    ["another shape", '"text"', good],
    ["an index that clients refuse", unsigned("x"), good],
    ["no metadata", unsigned(NEXT_INDEX), undefined],
    ["metadata of another shape", unsigned(NEXT_INDEX), { ...good, readAt: "now" }],
    ["a time that is none", unsigned(NEXT_INDEX), { ...good, readAt: 1e300 }],
    ["a time in the future", unsigned(NEXT_INDEX), { ...good, readAt: now + 1e9 }],
    ["another origin", unsigned(NEXT_INDEX), { ...good, origin: "elsewhere" }],
  ])("of what KV holds (%s): R2 is asked, and the copy replaced", async (_case, value, metadata) => {
    await kv.put(KV_KEY, value, { metadata: metadata && { ...metadata, sha256: await sha256(value) } });
    const { index } = isolate();
    expect(await index()).toBe(INDEX);
    expect(await kv.get(KV_KEY)).toBe(await (await bucket.get(INDEX_KEY))?.text());
  });

  test("of what KV holds (an index that was altered): R2 is asked", async () => {
    await kv.put(KV_KEY, unsigned(NEXT_INDEX), { metadata: { ...good, sha256: "0".repeat(64) } });
    expect(await isolate().index()).toBe(INDEX);
  });
});

describe("a malformed index in R2", () => {
  test("is not served in the place of the one before", async () => {
    await putFile(bucket, INDEX_KEY, INDEX);
    expect(await isolate().index()).toBe(503);
  });

  test("is not served while there is a good copy in memory", async () => {
    const { index, wait } = isolate();
    await index();
    await putIndex(bucket, MALFORMED);
    wait(120);
    expect(await index()).toBe(INDEX);
    expect(await kv.get(KV_KEY)).not.toContain("not a line");
  });

  test("is not served while there is a good copy in KV", async () => {
    await isolate().index();
    await putIndex(bucket, MALFORMED);
    const { index, wait } = isolate();
    wait(120);
    expect(await index()).toBe(INDEX);
  });

  test.each([MALFORMED, `${INDEX}\n`, INDEX.trimEnd(), INDEX.replaceAll("\n", "\r\n")])(
    "is 503 without a copy: %j",
    async (text) => {
      await putIndex(bucket, text);
      expect(await isolate().index()).toBe(503);
    },
  );

  test("is logged with its key and the line", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const { index, wait } = isolate();
    await index();
    await putIndex(bucket, MALFORMED);
    wait(120);
    await index();
    expect(log.mock.calls.flat().join("\n")).toMatch(
      /kubernetes\/index.json.*generations\[0\].text: invalid SHA256SUMS: line 2/,
    );
    log.mockRestore();
  });
});

test("isolates with other bindings do not answer for one another", async () => {
  const { createApp } = await import("../../../worker/app.ts");
  const app = createApp();
  const ctx = createExecutionContext();
  const first = { ...env, GITHUB_REPOSITORY: "a/b" };
  const second = { ...env, GITHUB_REPOSITORY: "c/d" };
  const location = async (bindings: typeof env) =>
    (await app.fetch(new Request("https://bakery.example/extensions/x.conf"), bindings, ctx)).headers.get("location");
  expect(await location(first)).toContain("/a/b/");
  expect(await location(second)).toContain("/c/d/");
});

test("the bucket's index wins over GitHub's", async () => {
  expect(await (await bakery().fetch(INDEX_PATH)).text()).toBe(INDEX);
});
