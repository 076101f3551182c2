/** One line a request, with what an operator wants to know. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { bakery, standaloneBakery } from "./support/bakery.ts";
import { IMAGE, IMAGE_KEY, IMAGE_PATH, INDEX, INDEX_PATH, putFile, putIndex } from "./support/files.ts";
import { breakable, emptyStorage } from "./support/storage.ts";

const info = vi.spyOn(console, "info");
const error = vi.spyOn(console, "error");

beforeEach(async () => {
  await emptyStorage();
  info.mockReset();
  error.mockReset();
});
afterEach(() => vi.clearAllMocks());

function lines(spy: typeof info): Record<string, unknown>[] {
  return spy.mock.calls.map(([line]) => {
    expect(line).not.toContain("\n");
    return JSON.parse(line);
  });
}

test("a request is one line", async () => {
  await putFile(env.BUCKET, IMAGE_KEY, IMAGE);
  await bakery().fetch(IMAGE_PATH, { headers: { "user-agent": "systemd-pull/257" } });
  expect(error).not.toHaveBeenCalled();
  expect(lines(info)).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      method: "GET",
      path: IMAGE_PATH,
      status: 200,
      kind: "image",
      source: "r2",
      ms: 0,
      bytes: IMAGE.length,
      client: "systemd-pull/257",
    },
  ]);
});

test("the source tells where the answer came from", async () => {
  await putIndex(env.BUCKET, INDEX);
  const { fetch } = bakery();
  await fetch(INDEX_PATH);
  await fetch(INDEX_PATH);
  await bakery().fetch(INDEX_PATH);
  await fetch("/extensions/noop.conf");
  await fetch("/extensions/x.conf");
  await fetch("/index.html");
  await fetch("/extensions/x/SHA256SUMS.gpg");
  expect(lines(info).map(({ kind, source, status }) => [kind, source, status])).toEqual([
    ["index", "r2", 200],
    ["index", "memory", 200],
    ["index", "kv", 200],
    ["transfer", "built-in", 200],
    ["transfer", "github", 302],
    ["docs", undefined, 302],
    ["signature", undefined, 404],
  ]);
});

test("long and hostile input stays short, and on the line", async () => {
  const headers = { "user-agent": "x".repeat(5000) };
  await bakery().fetch(`/${"a".repeat(5000)}%0A{"forged":1}`, { headers });
  const [line] = lines(info);
  expect(String(line?.client)).toHaveLength(100);
  expect(String(line?.path)).toHaveLength(1024);
});

test("a HEAD sends no bytes", async () => {
  await putFile(env.BUCKET, IMAGE_KEY, IMAGE);
  await bakery().fetch(IMAGE_PATH, { method: "HEAD" });
  expect(lines(info)[0]).not.toHaveProperty("bytes");
});

test("a failure is an error with its causes", async () => {
  const r2 = breakable(env.BUCKET);
  r2.broken = true;
  await bakery({ BUCKET: r2.storage }).fetch(IMAGE_PATH);
  expect(info).not.toHaveBeenCalled();
  expect(lines(error)).toMatchObject([
    {
      status: 503,
      kind: "image",
      error: `UpstreamError: R2 cannot read ${IMAGE_KEY}: Error: internal secret of the storage (10001)`,
    },
  ]);
});

test("what we did not foresee comes with its stack, and names the wrong variable", async () => {
  await bakery({ DOCS_URL: "nonsense" }).fetch("/healthz");
  const [line] = lines(error);
  expect(line).toMatchObject({ status: 500, error: expect.stringContaining("the variable DOCS_URL is") });
  expect(line?.stack).toContain("env.ts");
});

test("a client's mistake is no error of ours", async () => {
  await standaloneBakery().fetch("/%");
  expect(lines(info)).toMatchObject([{ status: 400, error: expect.stringContaining("malformed escape") }]);
});

test("a problem that a copy made good for has a line of its own", async () => {
  const kv = breakable(env.INDEX_KV);
  kv.broken = true;
  await putIndex(env.BUCKET, INDEX);
  await bakery({ INDEX_KV: kv.storage }).fetch(INDEX_PATH);
  expect(lines(info)).toMatchObject([{ status: 200, source: "r2" }]);
  expect(lines(error).map(({ error }) => error)).toEqual([
    "UpstreamError: KV gives no index/kubernetes: Error: internal secret of the storage (10001)",
    "UpstreamError: KV gives no index/kubernetes: Error: internal secret of the storage (10001)",
    "UpstreamError: KV does not take index/kubernetes: Error: internal secret of the storage (10001)",
  ]);
});
