/** Indexes that GitHub has: fetched as seldom as possible, kept, and served when GitHub is away. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { bakery } from "../support/bakery.ts";
import { INDEX, INDEX_PATH, NEXT_INDEX, putIndex } from "../support/files.ts";
import { GithubUpstream } from "../support/github.ts";
import { counting, emptyStorage } from "../support/storage.ts";

const DOWNLOAD = "github.com/flatcar/sysext-bakery/releases/download/kubernetes/SHA256SUMS";
const STORAGE = "objects.githubusercontent.com/flatcar/sysext-bakery/kubernetes/SHA256SUMS";
const REDIRECT = `https://${DOWNLOAD}`;

let upstream: GithubUpstream;

beforeEach(async () => {
  await emptyStorage();
  upstream = new GithubUpstream();
  upstream.publishIndex(INDEX);
});

/** An isolate of a bakery whose indexes are GitHub's. */
function isolate(overrides: Parameters<typeof bakery>[0] = {}) {
  const { fetch, wait, refresh } = bakery(overrides, { fetch: upstream.fetch });
  return {
    fetch,
    wait,
    refresh,
    async index(path = INDEX_PATH) {
      const response = await fetch(path);
      return response.status === 200 ? await response.text() : (response.headers.get("location") ?? response.status);
    },
  };
}

describe("an index of GitHub's", () => {
  test("is served as it is, by way of two requests, with GitHub's date", async () => {
    const { fetch } = isolate();
    const response = await fetch(INDEX_PATH);
    expect(await response.text()).toBe(INDEX);
    expect(response.headers.get("last-modified")).toBe("Sat, 17 Jan 2026 03:04:05 GMT");
    expect(upstream.requests()).toEqual([DOWNLOAD, STORAGE]);
  });

  test("costs nothing while it is fresh, and a 304 when it is not", async () => {
    const { index, wait } = isolate();
    await index();
    await index();
    const [, { headers } = { headers: new Headers() }] = upstream.arrivals.splice(0);
    expect(headers.get("if-none-match")).toBeNull();
    wait(60);
    expect(await index()).toBe(INDEX);
    const [, again] = upstream.arrivals.splice(0);
    expect(again?.headers.get("if-none-match")).toMatch(/^"[0-9a-f]{64}"$/);
    expect(await index()).toBe(INDEX);
    expect(upstream.requests()).toEqual([]);
  });

  test("is served anew where it has changed", async () => {
    const { index, wait } = isolate();
    await index();
    upstream.publishIndex(NEXT_INDEX);
    wait(120);
    expect(await index()).toBe(NEXT_INDEX);
  });

  test("is taken from KV by another isolate, which asks GitHub for what is new with KV's entity tag", async () => {
    await isolate().index();
    upstream.requests();
    const { index, wait } = isolate();
    expect(await index()).toBe(INDEX);
    expect(upstream.requests()).toEqual([]);
    const late = isolate();
    late.wait(600);
    expect(await late.index()).toBe(INDEX);
    expect(upstream.arrivals.at(-1)?.headers.has("if-none-match")).toBe(true);
    wait(0);
  });

  test("gives way to one in the bucket", async () => {
    const { index, wait } = isolate();
    await index();
    await putIndex(env.BUCKET, NEXT_INDEX);
    wait(120);
    expect(await index()).toBe(NEXT_INDEX);
    upstream.requests();
    wait(120);
    await index();
    expect(upstream.requests()).toEqual([]);
  });

  test("has an index for each series, and a newest image", async () => {
    upstream.publishIndex(`${"c".repeat(64)}  kubernetes-v1.33.0-arm64.raw\n${NEXT_INDEX}`);
    const { index, fetch } = isolate();
    expect(await index("/extensions/kubernetes/v1.32/SHA256SUMS")).toBe(NEXT_INDEX);
    expect(await index("/extensions/kubernetes/v1.31/SHA256SUMS")).toBe(404);
    const latest = async (path: string) => (await fetch(path)).headers.get("location");
    expect(await latest("/extensions/kubernetes/latest/arm64.raw")).toBe(
      "/extensions/kubernetes/kubernetes-v1.33.0-arm64.raw",
    );
    expect(await latest("/extensions/kubernetes/latest/x86-64.raw")).toBe(
      "/extensions/kubernetes/kubernetes-v1.32.3-x86-64.raw",
    );
    expect((await fetch("/extensions/kubernetes/v1.32/latest/arm64.raw")).status).toBe(404);
  });

  test("is not asked for where the name is none of an extension: single releases are redirected", async () => {
    const { index } = isolate();
    expect(await index("/extensions/kubernetes-v1.32.2/SHA256SUMS")).toBe(
      "https://github.com/flatcar/sysext-bakery/releases/download/kubernetes-v1.32.2/SHA256SUMS",
    );
    expect(upstream.requests()).toEqual([]);
  });
});

describe("absence on GitHub", () => {
  test("is 404, and remembered for a minute", async () => {
    const { index, wait } = isolate();
    expect(await index("/extensions/nebula/SHA256SUMS")).toBe(404);
    upstream.requests();
    upstream.publishIndex(INDEX, "nebula");
    wait(59);
    expect(await index("/extensions/nebula/SHA256SUMS")).toBe(404);
    expect(upstream.requests()).toEqual([]);
    wait(1);
    expect(await index("/extensions/nebula/SHA256SUMS")).toBe(INDEX);
  });

  test("after there was an index is believed ten minutes later, for assets are replaced by deleting them", async () => {
    const { index, wait } = isolate();
    await index();
    upstream.github.publish(upstream.repository, { tag: "kubernetes", assets: {} });
    for (const seconds of [120, 120, 120, 120]) {
      wait(seconds);
      expect(await index()).toBe(INDEX);
    }
    wait(120);
    expect(await index()).toBe(404);
    expect(await env.INDEX_KV.get("index/kubernetes")).toBeNull();
  });
});

describe("a GitHub that", () => {
  test.each(["unreachable", "garbage", "cut", "loop", "downgrade", 403, 429, 500] as const)(
    "is %s: the copy is served without limit; without one, clients are sent to GitHub",
    async (fault) => {
      const { index, wait } = isolate();
      await index();
      upstream.fault = fault;
      wait(30 * 24 * 3600);
      expect(await index()).toBe(INDEX);
      expect(await isolate().index()).toBe(INDEX);

      await emptyStorage();
      expect(await isolate().index()).toBe(REDIRECT);
    },
  );

  test("hangs is waited for no longer than agreed", async () => {
    upstream.fault = "hangs";
    const { fetch } = bakery({}, { fetch: upstream.fetch, patience: { kv: 1_000, r2: 1_000, github: 20 } });
    expect((await fetch(INDEX_PATH)).headers.get("location")).toBe(REDIRECT);
  });

  test.each([
    ["in so many seconds", () => ({ "retry-after": "300" })],
    [
      "when the hour is over",
      () => ({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.ceil(Date.now() / 1000) + 360) }),
    ],
  ])("wants to be asked again %s is left alone until then", async (_case, headers) => {
    const { index, wait } = isolate();
    await index();
    upstream.fault = 429;
    upstream.refusalHeaders = headers();
    wait(60);
    await index();
    upstream.requests();
    upstream.fault = undefined;
    upstream.publishIndex(NEXT_INDEX);
    wait(290);
    expect(await index()).toBe(INDEX);
    expect(upstream.requests()).toEqual([]);
    wait(130);
    await index();
    expect(await index()).toBe(NEXT_INDEX);
  });

  test("wants to be left alone for a day is asked after a quarter of an hour", async () => {
    upstream.fault = 403;
    upstream.refusalHeaders = { "retry-after": "86400" };
    const { index, wait } = isolate();
    expect(await index()).toBe(REDIRECT);
    upstream.fault = undefined;
    upstream.requests();
    wait(899);
    expect(await index()).toBe(REDIRECT);
    expect(upstream.requests()).toEqual([]);
    wait(1);
    expect(await index()).toBe(INDEX);
  });

  test("sends more than any index has is refused", async () => {
    upstream.publishIndex("x".repeat(16 * 1024 ** 2 + 1));
    expect(await isolate().index()).toBe(REDIRECT);
  });
});

describe("with a token", () => {
  const RELEASE = "api.github.com/repos/flatcar/sysext-bakery/releases/tags/kubernetes";
  const token = { GITHUB_TOKEN: "ghs_secret" };

  test("the API is asked, and the token goes nowhere else", async () => {
    expect(await isolate(token).index()).toBe(INDEX);
    const sent = upstream.arrivals.map(({ url, headers }) => [url.host, headers.get("authorization")]);
    expect(sent).toEqual([
      ["api.github.com", "Bearer ghs_secret"],
      ["api.github.com", "Bearer ghs_secret"],
      ["objects.githubusercontent.com", null],
    ]);
  });

  test("what is unchanged costs one request that does not count", async () => {
    const { index, wait } = isolate(token);
    await index();
    upstream.requests();
    wait(120);
    expect(await index()).toBe(INDEX);
    expect(upstream.requests()).toEqual([RELEASE]);
  });

  test("bytes that are not what the digest says are not served", async () => {
    const { fetch } = bakery(token, {
      fetch: async (url, init) => {
        const response = await upstream.fetch(url, init);
        return url.host.startsWith("objects") ? new Response(NEXT_INDEX) : response;
      },
    });
    expect((await fetch(INDEX_PATH)).headers.get("location")).toBe(REDIRECT);
  });

  test("an address on another server is not asked", async () => {
    const { fetch } = bakery(token, {
      fetch: async (url, init) => {
        const text = await (await upstream.fetch(url, init)).text();
        return new Response(text.replaceAll("https://api.github.com/", "https://evil.example/"));
      },
    });
    expect((await fetch(INDEX_PATH)).headers.get("location")).toBe(REDIRECT);
    expect(upstream.requests()).toEqual([RELEASE]);
  });

  test("a release without an index, and no release, are 404", async () => {
    upstream.github.publish(upstream.repository, { tag: "nebula", assets: { "nebula.conf": "x" } });
    expect(await isolate(token).index("/extensions/nebula/SHA256SUMS")).toBe(404);
    expect(await isolate(token).index("/extensions/k3s/SHA256SUMS")).toBe(404);
  });
});

test("a bakery without a bucket serves GitHub's indexes, and redirects all else", async () => {
  const { fetch, index } = isolate({ BUCKET: undefined, INDEX_KV: undefined });
  expect(await index()).toBe(INDEX);
  const locations = ["/extensions/kubernetes/kubernetes-v1.32.2-x86-64.raw", "/extensions/kubernetes.transfer"];
  for (const path of locations) expect((await fetch(path)).headers.get("location")).toContain("https://github.com/");
  expect((await fetch("/extensions/kubernetes/SHA256SUMS.gpg")).status).toBe(404);
  expect((await fetch("/extensions/noop.transfer")).status).toBe(200);
});

describe("the cron trigger", () => {
  test("reads again what clients have asked for within the hour, so that KV has it fresh", async () => {
    await isolate().index();
    const cron = isolate();
    upstream.publishIndex(NEXT_INDEX);
    cron.wait(300);
    await cron.refresh();
    upstream.fault = "unreachable";
    const started = isolate();
    started.wait(310);
    expect(await started.index()).toBe(NEXT_INDEX);
  });

  test("leaves alone what nobody has asked for", async () => {
    await isolate().index();
    upstream.requests();
    const cron = isolate();
    cron.wait(3601);
    await cron.refresh();
    expect(upstream.requests()).toEqual([]);
  });

  test("goes on for an hour after the last request, not for ever", async () => {
    await isolate().index();
    const cron = isolate();
    for (let run = 0; run < 12; run += 1) {
      cron.wait(300);
      await cron.refresh();
    }
    upstream.requests();
    cron.wait(300);
    await cron.refresh();
    expect(upstream.requests()).toEqual([]);
  });

  test("forgets what is gone, and does nothing without KV", async () => {
    await putIndex(env.BUCKET, INDEX, "k3s");
    await isolate({ GITHUB_REPOSITORY: "" }).index("/extensions/k3s/SHA256SUMS");
    await env.BUCKET.delete("k3s/index.json");
    await isolate({ GITHUB_REPOSITORY: "" }).refresh();
    expect(await env.INDEX_KV.get("index/k3s")).toBeNull();

    const { storage, operations } = counting(env.BUCKET);
    await isolate({ BUCKET: storage, INDEX_KV: undefined }).refresh();
    expect(operations).toEqual([]);
  });
});
