/** Indexes come from memory, KV and R2, and outlive the failure of each. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { bakery, standaloneBakery } from "./support/bakery.ts";
import { INDEX, INDEX_KEY, INDEX_PATH, NEXT_INDEX, putFile, sha256 } from "./support/files.ts";
import { breakable, counting, emptyStorage } from "./support/storage.ts";

const { BUCKET: bucket, INDEX_KV: kv } = env;
const KV_KEY = "index/kubernetes";
const MALFORMED = `${INDEX}not a line\n`;

beforeEach(async () => {
  await emptyStorage();
  await putFile(bucket, INDEX_KEY, INDEX);
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
    expect(operations()).toEqual([`r2 get ${INDEX_KEY}`, `kv get ${KV_KEY}`, `kv put ${KV_KEY}`]);
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
    expect(operations()).toEqual([`kv get ${KV_KEY}`]);
  });

  test("a copy from KV is as old as its reading from R2", async () => {
    await isolate().index();
    await putFile(bucket, INDEX_KEY, NEXT_INDEX);
    const { index, wait } = isolate();
    wait(40);
    expect(await index()).toBe(INDEX);
    wait(21);
    expect(await index()).toBe(NEXT_INDEX);
  });

  test("a new index is served a minute later at the latest", async () => {
    const { index, wait } = isolate();
    await index();
    await putFile(bucket, INDEX_KEY, NEXT_INDEX);
    wait(59);
    expect(await index()).toBe(INDEX);
    wait(1);
    expect(await index()).toBe(NEXT_INDEX);
  });

  test("INDEX_TTL_SECONDS=0 shows it at once, and an index that did not exist too", async () => {
    const { index } = isolate({ INDEX_TTL_SECONDS: 0 });
    await index();
    await putFile(bucket, INDEX_KEY, NEXT_INDEX);
    expect(await index()).toBe(NEXT_INDEX);
    expect(await index("/extensions/SHA256SUMS")).toBe(404);
    await putFile(bucket, "SHA256SUMS/SHA256SUMS", INDEX);
    expect(await index("/extensions/SHA256SUMS")).toBe(INDEX);
  });

  test("an unchanged copy is written to KV once a minute, a changed one at once", async () => {
    const { index, operations, wait } = isolate({ INDEX_TTL_SECONDS: 1 });
    const writes = () => operations().filter((operation) => operation.startsWith("kv put")).length;
    await index();
    expect(writes()).toBe(1);
    wait(2);
    await index();
    expect(writes()).toBe(0);
    wait(58);
    await index();
    expect(writes()).toBe(1);
    await putFile(bucket, INDEX_KEY, NEXT_INDEX);
    wait(2);
    await index();
    expect(writes()).toBe(1);
  });

  test("without KV it is memory and R2", async () => {
    const { index, operations, wait } = isolate({ INDEX_KV: undefined });
    await index();
    wait(61);
    expect(await index()).toBe(INDEX);
    expect(operations()).toEqual([`r2 get ${INDEX_KEY}`, `r2 get ${INDEX_KEY}`]);
  });

  test("of many requests at once, one reads R2 again and the others get the copy at hand", async () => {
    const { index, operations, wait } = isolate();
    await index();
    operations();
    await putFile(bucket, INDEX_KEY, NEXT_INDEX);
    wait(61);
    const answers = await Promise.all(Array.from({ length: 20 }, () => index()));
    expect(answers.filter((answer) => answer === NEXT_INDEX)).toHaveLength(1);
    expect(answers.filter((answer) => answer === INDEX)).toHaveLength(19);
    expect(operations().filter((operation) => operation.startsWith("r2"))).toHaveLength(1);
    expect(await index()).toBe(NEXT_INDEX);
  });

  test("a refresh that never ended does not keep others from trying", async () => {
    const hanging = { now: false };
    const storage = new Proxy(bucket, {
      get: (target) => async (key: string) => await (hanging.now ? new Promise(() => {}) : target.get(key)),
    });
    const { index, wait } = isolate({ BUCKET: storage });
    await index();
    wait(61);
    hanging.now = true;
    void index();
    await vi.waitFor(async () => expect(await index()).toBe(INDEX));
    hanging.now = false;
    await putFile(bucket, INDEX_KEY, NEXT_INDEX);
    wait(11);
    expect(await index()).toBe(NEXT_INDEX);
  });
});

describe("absence", () => {
  test("is remembered for a minute", async () => {
    await bucket.delete(INDEX_KEY);
    const { index, operations, wait } = isolate({ INDEX_TTL_SECONDS: 600 });
    expect(await index()).toBe(404);
    operations();
    await putFile(bucket, INDEX_KEY, INDEX);
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
    wait(61);
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
    await putFile(bucket, INDEX_KEY, NEXT_INDEX);
    wait(60);
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
    const { index, r2 } = isolate({ GITHUB_REPOSITORY: "flatcar/sysext-bakery" });
    r2.broken = true;
    expect(await index()).toBe(503);
    r2.broken = false;
    expect(await index()).toBe(INDEX);
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

  test.each([
    ["no JSON", "{"],
    ["another shape", '"text"'],
    ["null", "null"],
    ["fields of other types", '{"text":1,"sha256":2,"modified":3,"storedAt":4}'],
    ["a time that is none", JSON.stringify({ text: INDEX, sha256: "", modified: 1e300, storedAt: Date.now() })],
    ["an index that clients refuse", JSON.stringify({ text: "x", sha256: "", modified: 1, storedAt: Date.now() })],
    [
      "an index that was altered",
      JSON.stringify({ text: NEXT_INDEX, sha256: "0".repeat(64), modified: 1, storedAt: Date.now() }),
    ],
  ])("of what KV holds (%s): R2 is asked, and the copy replaced", async (_case, value) => {
    await kv.put(KV_KEY, value);
    const { index } = isolate();
    expect(await index()).toBe(INDEX);
    expect(JSON.parse((await kv.get(KV_KEY)) ?? "")).toMatchObject({ text: INDEX, sha256: await sha256(INDEX) });
  });

  test("a copy from the future is not believed to be fresh", async () => {
    const copy = { text: NEXT_INDEX, sha256: await sha256(NEXT_INDEX), modified: 1, storedAt: Date.now() + 1e9 };
    await kv.put(KV_KEY, JSON.stringify(copy));
    expect(await isolate().index()).toBe(INDEX);
  });
});

describe("a malformed index in R2", () => {
  test("is not served while there is a good copy in memory", async () => {
    const { index, wait } = isolate();
    await index();
    await putFile(bucket, INDEX_KEY, MALFORMED);
    wait(61);
    expect(await index()).toBe(INDEX);
    expect(await kv.get(KV_KEY)).not.toContain("not a line");
  });

  test("is not served while there is a good copy in KV", async () => {
    await isolate().index();
    await putFile(bucket, INDEX_KEY, MALFORMED);
    const { index, wait } = isolate();
    wait(61);
    expect(await index()).toBe(INDEX);
  });

  test.each([MALFORMED, "", `${INDEX}\n`, INDEX.trimEnd(), INDEX.replaceAll("\n", "\r\n")])(
    "is 503 without a copy: %j",
    async (text) => {
      await putFile(bucket, INDEX_KEY, text);
      expect(await isolate().index()).toBe(503);
    },
  );

  test("is logged with its key and the line", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const { index, wait } = isolate();
    await index();
    await putFile(bucket, INDEX_KEY, MALFORMED);
    wait(61);
    await index();
    expect(log.mock.calls.flat().join("\n")).toMatch(/kubernetes\/SHA256SUMS.*invalid SHA256SUMS: line 2/);
    log.mockRestore();
  });
});

test("isolates with other bindings do not answer for one another", async () => {
  const { createApp } = await import("../../worker/app.ts");
  const app = createApp();
  const first = { ...env, GITHUB_REPOSITORY: "a/b" };
  const second = { ...env, GITHUB_REPOSITORY: "c/d" };
  const location = async (bindings: typeof env) =>
    (await app.fetch(new Request("https://bakery.example/extensions/x.conf"), bindings)).headers.get("location");
  expect(await location(first)).toContain("/a/b/");
  expect(await location(second)).toContain("/c/d/");
});

test("the bucket's index wins over GitHub's", async () => {
  expect(await (await bakery().fetch(INDEX_PATH)).text()).toBe(INDEX);
});
