/** Indexes come from GitHub, are asked for as seldom as possible, and outlive its bad days. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Env } from "../../../worker/env.ts";
import type { Patience } from "../../../worker/time-limit.ts";
import { bakery } from "../support/bakery.ts";
import { INDEX, INDEX_PATH, NEXT_INDEX, putIndex } from "../support/files.ts";
import {
  answering,
  at,
  cut,
  type Fault,
  Github,
  garbage,
  hanging,
  late,
  redirecting,
  stalled,
  truncated,
  unreachable,
} from "../support/github.ts";
import { emptyStorage } from "../support/storage.ts";

const DOWNLOAD = "https://github.com/flatcar/sysext-bakery/releases/download/kubernetes/SHA256SUMS";
const STORAGE = "objects.githubusercontent.com";
const READ = ["github.com 302", `${STORAGE} 200`];
const UNCHANGED = ["github.com 302", `${STORAGE} 304`];
const ABSENT = ["github.com 404"];
const PATIENCE = { kv: 5_000, r2: 5_000, github: 50, file: 5_000, webhook: 5_000 };

let github: Github;
beforeEach(async () => {
  await emptyStorage();
  github = new Github();
  github.publishIndex(INDEX);
});

/** A new isolate of a bakery without R2. */
function isolate(overrides: Partial<Env> = {}, patience: Patience = PATIENCE) {
  const { fetch, wait, refresh } = bakery({ BUCKET: undefined, ...overrides }, { fetch: github.fetch, patience });
  const index = async (path = INDEX_PATH) => {
    const response = await fetch(path);
    return response.status === 200 ? await response.text() : (response.headers.get("location") ?? response.status);
  };
  return { fetch, wait, refresh, index };
}

describe("freshness", () => {
  test("clients get GitHub's text as it is, with its date", async () => {
    const response = await isolate().fetch(INDEX_PATH);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(INDEX);
    expect(response.headers.get("last-modified")).toBe("Sat, 17 Jan 2026 03:04:05 GMT");
    expect(github.takeAnswers()).toEqual(READ);
  });

  test("the global index is GitHub's release of its name", async () => {
    github.publishIndex(NEXT_INDEX, "SHA256SUMS");
    expect(await isolate().index("/extensions/SHA256SUMS")).toBe(NEXT_INDEX);
  });

  test("GitHub learns who asks, and nothing else", async () => {
    await isolate().index();
    for (const { headers } of github.takeRequests()) {
      expect(Object.fromEntries(headers)).toEqual({ "user-agent": "sysext-bakery" });
    }
  });

  test("after a minute an unchanged index costs a 304", async () => {
    const { index, wait } = isolate();
    await index();
    github.takeRequests();
    wait(59);
    await index();
    expect(github.takeAnswers()).toEqual([]);
    wait(1);
    expect(await index()).toBe(INDEX);
    expect(github.takeAnswers()).toEqual(UNCHANGED);
    wait(59);
    expect(await index()).toBe(INDEX);
    expect(github.takeAnswers()).toEqual([]);
  });

  test("a changed index is served after two minutes at the latest", async () => {
    const { index, wait } = isolate();
    await index();
    github.publishIndex(NEXT_INDEX);
    wait(120);
    expect(await index()).toBe(NEXT_INDEX);
  });

  test("another isolate has it from KV, and asks GitHub only whether it has changed", async () => {
    await isolate().index();
    github.takeRequests();
    const { index, wait } = isolate();
    expect(await index()).toBe(INDEX);
    expect(github.takeAnswers()).toEqual([]);
    wait(120);
    expect(await index()).toBe(INDEX);
    expect(github.takeAnswers()).toEqual(UNCHANGED);
  });

  test("an isolate whose clock is a little behind has it from KV too", async () => {
    github.fault = at(STORAGE, async (_request, answer) => {
      const response = await answer();
      response.headers.delete("last-modified");
      return response;
    });
    await isolate().index();
    const { index, wait } = isolate();
    wait(-5);
    expect(await index()).toBe(INDEX);
  });

  test("the bucket's index wins over GitHub's, of which nobody asks then", async () => {
    await putIndex(env.BUCKET, NEXT_INDEX);
    expect(await isolate({ BUCKET: env.BUCKET }).index()).toBe(NEXT_INDEX);
    expect(github.takeAnswers()).toEqual([]);
  });
});

describe("absence", () => {
  test("is 404, and remembered for a minute", async () => {
    github.publishIndex(undefined);
    const { index, wait } = isolate({ INDEX_TTL_SECONDS: 600 });
    expect(await index()).toBe(404);
    expect(github.takeAnswers()).toEqual(ABSENT);
    github.publishIndex(INDEX);
    wait(59);
    expect(await index()).toBe(404);
    expect(github.takeAnswers()).toEqual([]);
    wait(1);
    expect(await index()).toBe(INDEX);
  });

  test("is believed only after ten minutes where there was an index, for an asset is replaced by deleting it", async () => {
    const { index, wait } = isolate();
    await index();
    github.publishIndex(undefined);
    wait(24 * 3600);
    expect(await index()).toBe(INDEX);
    wait(599);
    expect(await index()).toBe(INDEX);
    wait(120);
    expect(await index()).toBe(404);
    expect(await env.INDEX_KV.get("index/kubernetes")).toBeNull();
  });

  test("ends as soon as the asset is back", async () => {
    const { index, wait } = isolate();
    await index();
    github.publishIndex(undefined);
    wait(120);
    expect(await index()).toBe(INDEX);
    github.publishIndex(NEXT_INDEX);
    wait(120);
    expect(await index()).toBe(NEXT_INDEX);
    github.publishIndex(undefined);
    wait(3600);
    expect(await index()).toBe(NEXT_INDEX);
  });
});

describe("failure", () => {
  const faults: readonly [string, Fault][] = [
    ["cannot be reached", unreachable],
    ["hangs", hanging],
    ["hangs in the middle of the file", stalled],
    ["loses the connection in the middle of the file", cut],
    ["ends in the middle of a line", truncated],
    ["sends a page for people", garbage],
    ["sends nothing", answering(200, {}, "")],
    ["sends what is not UTF-8", async () => new Response(new Uint8Array([0xff, 0xfe, 0x0a]))],
    ["answers 500", answering(500)],
    ["answers 403", answering(403)],
    ["answers 429", answering(429)],
    ["says that what we do not have is unchanged", async () => new Response(null, { status: 304 })],
    ["redirects in a circle", redirecting(DOWNLOAD)],
    [
      "redirects to http",
      redirecting("http://objects.githubusercontent.com/flatcar/sysext-bakery/kubernetes/SHA256SUMS"),
    ],
    ["redirects to no address", redirecting("https://")],
  ];

  test.each(faults)("of GitHub, which %s: clients are sent to it where there is no copy", async (_name, fault) => {
    github.fault = fault;
    const { fetch } = isolate();
    const response = await fetch(INDEX_PATH);
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe(DOWNLOAD);
    expect(await env.INDEX_KV.get("index/kubernetes")).toBeNull();
  });

  test.each(faults)("of GitHub, which %s: the last copy is served, however old", async (name, fault) => {
    const { index, wait } = isolate();
    await index();
    wait(30 * 24 * 3600);
    github.fault = fault;
    expect(await index(), name).toBe(INDEX);
  });

  test("of what answers late: clients wait for it, no longer than agreed", async () => {
    github.fault = late(20);
    expect(await isolate({}, { ...PATIENCE, github: 5_000 }).index()).toBe(INDEX);
    github.fault = late(1_000);
    expect(await isolate({ INDEX_KV: undefined }).index()).toBe(DOWNLOAD);
  });

  test("of what hangs: the connection is given up", async () => {
    github.fault = hanging;
    await isolate().index();
    const [request] = github.takeRequests();
    await vi.waitFor(() => expect(request?.signal?.aborted).toBe(true));
  });

  test("of what answers with a page: its connection is given up", async () => {
    const cancel = vi.fn();
    github.fault = async () => new Response(new ReadableStream({ cancel }), { status: 500 });
    await isolate().index();
    expect(cancel).toHaveBeenCalledOnce();
  });

  test("of what sends more than an index has: nobody reads on after 16 MiB", async () => {
    let megabytes = 0;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      megabytes += 1;
      if (megabytes === 40) controller.close();
      else controller.enqueue(new Uint8Array(1024 ** 2));
    };
    github.fault = async () => new Response(new ReadableStream({ pull }));
    expect(await isolate().index()).toBe(DOWNLOAD);
    expect(megabytes).toBeLessThan(20);
  });

  test("redirects in a circle end after four", async () => {
    github.fault = redirecting(DOWNLOAD);
    await isolate().index();
    expect(github.takeRequests()).toHaveLength(5);
  });

  test("is not asked about again for ten seconds, where there is no copy", async () => {
    github.fault = answering(500);
    const { index, wait } = isolate();
    expect(await index()).toBe(DOWNLOAD);
    github.fault = undefined;
    wait(9);
    expect(await index()).toBe(DOWNLOAD);
    wait(1);
    expect(await index()).toBe(INDEX);
  });
});
