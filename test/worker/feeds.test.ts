/** Feeds as readers fetch them: of one extension, and of all. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { bakery, ORIGIN, standaloneBakery } from "./support/bakery.ts";
import { putFile, putIndex } from "./support/files.ts";
import { PublishingBakery, testRelease } from "./support/publishing.ts";
import { breakable, counting, emptyStorage } from "./support/storage.ts";

let it: PublishingBakery;

beforeEach(async () => {
  await emptyStorage();
  it = await PublishingBakery.open();
});

async function titles(path: string): Promise<string[]> {
  const { items } = await (await it.bakery.fetch(path)).json<{ items: { title: string }[] }>();
  return items.map(({ title }) => title);
}

test("a release is in the feed of its extension, and in that of all, in both formats", async () => {
  await it.publish(await testRelease("k3s", "v1.0.0"));
  it.bakery.wait(1);
  await it.publish(await testRelease("docker", "28.0"));
  expect(await titles("/extensions/k3s/feed.json")).toEqual(["k3s v1.0.0"]);
  expect(await titles("/feed.json")).toEqual(["docker 28.0", "k3s v1.0.0"]);
  const atom = await it.text("/feed.atom");
  expect(atom).toContain(`<link rel="self" type="application/atom+xml" href="${ORIGIN}/feed.atom"/>`);
  expect(atom.match(/<entry>/g)).toHaveLength(2);
});

test("what is withdrawn says so, what is back says nothing of it, what is pruned is gone", async () => {
  for (const version of ["v1.0.0", "v1.1.0"]) {
    await it.publish(await testRelease("k3s", version));
    it.bakery.wait(1);
  }
  await it.ask("POST", "k3s/releases/v1.0.0/yank", { body: { reason: "broken" } });
  await it.index("k3s");
  for (const path of ["/extensions/k3s/feed.json", "/feed.json"]) {
    expect(await titles(path)).toEqual(["k3s v1.0.0 (withdrawn)", "k3s v1.1.0"]);
  }
  it.bakery.wait(1);
  await it.ask("DELETE", "k3s/releases/v1.0.0/yank");
  await it.index("k3s");
  expect(await titles("/feed.json")).toEqual(["k3s v1.0.0", "k3s v1.1.0"]);
  await it.ask("POST", "k3s/prune", { body: { keep: 1 } });
  await it.index("k3s");
  expect(await titles("/feed.json")).toEqual(["k3s v1.1.0"]);
});

test("what an earlier publication could not note, the next one of the extension does", async () => {
  await it.publish(await testRelease("k3s", "v1.0.0"));
  await env.BUCKET.delete(".feed/recent.json");
  await it.publish(await testRelease("k3s", "v1.1.0"));
  expect(await titles("/feed.json")).toHaveLength(2);
});

describe("a feed", () => {
  beforeEach(async () => it.publish(await testRelease("k3s", "v1.0.0")));

  test.each([
    ["/feed.atom", "application/atom+xml; charset=utf-8"],
    ["/extensions/k3s/feed.json", "application/feed+json"],
  ])("%s has its media type and entity tag, and is sent again only when it has changed", async (path, type) => {
    const { headers } = await it.bakery.fetch(path);
    expect([headers.get("content-type"), headers.get("cache-control")]).toEqual([type, "public, max-age=60"]);
    const known = { headers: { "if-none-match": headers.get("etag") ?? "" } };
    expect((await it.bakery.fetch(path, known)).status).toBe(304);
    it.bakery.wait(1);
    await it.publish(await testRelease("k3s", "v1.1.0"));
    expect((await it.bakery.fetch(path, known)).status).toBe(200);
  });

  test("says the bakery's own address where that is configured: ids stay, whichever name was asked", async () => {
    const { fetch } = standaloneBakery({ BAKERY_URL: "https://extensions.example.org/" });
    const { items } = await (await fetch("/feed.json")).json<{ items: { id: string }[] }>();
    expect(items[0]?.id).toBe("https://extensions.example.org/extensions/k3s-v1.0.0/release.json");
  });

  test("costs one operation of storage, however many extensions there are", async () => {
    const { storage, operations } = counting(env.BUCKET);
    await standaloneBakery({ BUCKET: storage }).fetch("/feed.atom");
    expect(operations).toEqual(["get .feed/recent.json"]);
  });

  test("is announced by the front page, and by the API", async () => {
    const page = await it.text("/");
    expect(page).toContain('<link rel="alternate" type="application/atom+xml"');
    expect(page).toContain('<a href="/feed.atom">');
    expect(await it.text("/api/v1/extensions/k3s")).toContain(`"atomFeed":"${ORIGIN}/extensions/k3s/feed.atom"`);
  });

  test("that cannot be read is 503, and nobody remembers it", async () => {
    const r2 = breakable(env.BUCKET);
    r2.broken = true;
    const response = await standaloneBakery({ BUCKET: r2.storage }).fetch("/feed.atom");
    expect([response.status, response.headers.get("cache-control")]).toEqual([503, "no-store"]);
    await putFile(env.BUCKET, ".feed/recent.json", '{"schemaVersion":2}');
    expect((await it.bakery.fetch("/feed.json")).status).toBe(503);
  });
});

test("where nothing was published there is none, and the front page does not say so", async () => {
  await putIndex(env.BUCKET, `${"ab".repeat(32)}  k3s-v1-x86-64.raw\n`, "SHA256SUMS");
  await putIndex(env.BUCKET, `${"ab".repeat(32)}  k3s-v1-x86-64.raw\n`, "k3s");
  const { fetch } = bakery();
  for (const path of ["/feed.atom", "/feed.json", "/extensions/k3s/feed.atom", "/extensions/k3s/feed.json"]) {
    const response = await fetch(path);
    expect([response.status, response.headers.get("cache-control")], path).toEqual([404, "no-store"]);
  }
  expect(await (await fetch("/")).text()).not.toContain("feed");
  expect(await (await fetch("/api/v1/extensions/k3s")).text()).not.toContain("feed");
  // What is no extension's is not ours.
  expect((await fetch("/extensions/.feed/feed.json")).status).toBe(302);
});
