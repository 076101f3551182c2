/** Releases that are taken back: what machines see of it, and when their files go. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { PublishingBakery, testRelease } from "../support/publishing.ts";
import { emptyStorage } from "../support/storage.ts";

const DAY = 24 * 3600;
const OLD = "/extensions/k3s/k3s-v1.0.0-arm64.raw";
let it: PublishingBakery;

beforeEach(async () => {
  await emptyStorage();
  it = await PublishingBakery.open();
  for (const version of ["v1.0.0", "v1.1.0"]) await it.publish(await testRelease("k3s", version));
});

const prune = (keep = 1) => it.ask("POST", "k3s/prune", { body: { keep } });
const sweep = () => it.ask<{ deleted: string[]; waiting: object[] }>("POST", "k3s/sweep");

describe("files of a pruned release", () => {
  test("go a day after the last index that named them, and not before", async () => {
    await it.ask("PUT", "k3s/releases/v1.0.0/log", { body: "baked" });
    expect((await prune()).body).toEqual({ withdrawn: ["v1.0.0"] });
    // Somebody was cut off here, so that the index names it still.
    it.bakery.wait(3 * DAY);
    expect((await sweep()).body).toEqual({ deleted: [], waiting: [{ version: "v1.0.0" }] });
    await it.index("k3s");
    expect((await sweep()).body).toEqual({ deleted: [], waiting: [{ version: "v1.0.0", until: expect.any(String) }] });
    it.bakery.wait(DAY - 60);
    expect((await sweep()).body.deleted).toEqual([]);
    expect(await it.text(OLD)).toBe("image of v1.0.0 for arm64");
    it.bakery.wait(120);
    expect((await sweep()).body).toEqual({ deleted: ["v1.0.0"], waiting: [] });
    expect(await it.text(OLD)).toBe("404");
    expect((await env.BUCKET.list({ prefix: "k3s-v1.0.0/" })).objects).toEqual([]);
    expect(await it.text("/extensions/k3s/k3s-v1.1.0-arm64.raw")).toBe("image of v1.1.0 for arm64");
  });

  test("cannot be published again under their name, nor listed; before that they can be listed", async () => {
    await prune();
    await it.index("k3s");
    expect(await it.ask("DELETE", "k3s/releases/v1.0.0/yank")).toMatchObject({ body: { restored: ["v1.0.0"] } });
    await it.index("k3s");
    expect(await it.text("/extensions/k3s/SHA256SUMS")).toContain("v1.0.0");

    await prune();
    await it.index("k3s");
    await sweep();
    it.bakery.wait(DAY + 60);
    await sweep();
    expect(await it.ask("DELETE", "k3s/releases/v1.0.0/yank")).toMatchObject({ status: 409 });
    expect((await it.draft(await testRelease("k3s", "v1.0.0"))).status).toBe(409);
    expect((await it.draft(await testRelease("k3s", "v1.0.0", "other"))).status).toBe(409);
  });
});

describe("an index", () => {
  const line = (file: string, digit: string) => `${digit.repeat(64)}  ${file}\n`;

  test.each<[string, (text: string) => string, RegExp]>([
    [
      "that names what is not published",
      (text) => line("k3s-v9-arm64.raw", "a") + text,
      /names k3s-v9-arm64.raw, which is not published/,
    ],
    ["that forgets what is", (text) => text.replace(/.*v1.1.0-arm64.*\n/, ""), /forgets k3s-v1.1.0-arm64.raw/],
    ["with another hash", (text) => text.replace(/^..../, "0000"), /another hash for k3s-v1.1.0-x86-64.raw/],
    ["in another order", (text) => `${text.trimEnd().split("\n").reverse().join("\n")}\n`, /in another order/],
    ["that is empty", () => "", /forgets k3s-v1.1.0-x86-64.raw/],
  ])("%s is refused, for the extension and globally", async (_, change, problem) => {
    for (const scope of ["index", "global-index"]) {
      const { etag, text } = (await it.state("k3s", scope)).body;
      const { status, body } = await it.putIndex("k3s", { text: change(text), signatures: {} }, etag, scope);
      expect([status, body.error.code]).toEqual([422, "index_mismatch"]);
      expect(body.error.message).toMatch(problem);
    }
  });

  test("that names what was withdrawn is refused, and one with other extensions' lines changed", async () => {
    await it.publish(await testRelease("docker", "28.0"));
    const { etag, text } = (await it.state("k3s", "global-index")).body;
    const without = text.replace(/.*docker.*arm64.*\n/, "");
    expect((await it.putIndex("k3s", { text: without, signatures: {} }, etag, "global-index")).status).toBe(422);
    const before = (await it.state("k3s")).body;
    await it.ask("POST", "k3s/releases/v1.1.0/yank", { body: { reason: "broken" } });
    const { status, body } = await it.putIndex("k3s", { text: before.text, signatures: {} }, before.etag);
    expect([status, body.error.message]).toEqual([
      422,
      "the index names k3s-v1.1.0-x86-64.raw, which is not listed: it was withdrawn",
    ]);
  });

  test("put from an older state is refused: somebody else was faster", async () => {
    const { etag, text } = (await it.state("k3s")).body;
    await it.publish(await testRelease("k3s", "v1.2.0"));
    expect(await it.putIndex("k3s", { text, signatures: {} }, etag)).toMatchObject({
      status: 412,
      body: { error: { code: "index_changed" } },
    });
    expect(await it.putIndex("k3s", { text, signatures: {} }, null)).toMatchObject({ status: 412 });
  });

  test("that is signed needs signatures from then on, of every series", async () => {
    await it.publish(await testRelease("k3s", "v1.2.0"));
    const { etag, text } = (await it.state("k3s")).body;
    const sign = (signatures: object) => it.putIndex("k3s", { text, signatures } as never, etag);
    const signature = btoa("signature");
    expect((await sign({ index: signature })).body.error.message).toBe("the index of v1.2 is not signed");
    const series = { "v1.0": signature, "v1.1": signature, "v1.2": signature };
    expect((await sign({ index: signature, series: { ...series, "v9.9": signature } })).body.error.message).toContain(
      "v9.9",
    );
    expect((await sign({ index: signature, series })).status).toBe(200);
    const signed = (await it.state("k3s")).body;
    expect((await it.putIndex("k3s", { text, signatures: {} }, signed.etag)).body.error.message).toBe(
      "the index is not signed",
    );
  });
});
