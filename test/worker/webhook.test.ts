/** Who is told of publications: what they get, how they know that it is us, and that they get it in the end. */
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { parseReleaseEvent, type ReleaseEvent } from "../../schema/index.ts";
import { parseWebhookConfig } from "../../worker/webhook/webhook-config.ts";
import { ORIGIN } from "./support/bakery.ts";
import { PublishingBakery, testRelease } from "./support/publishing.ts";
import { emptyStorage, intercept } from "./support/storage.ts";

const SECRET = `whsec_${btoa("a secret of thirty-two bytes ...")}`;
const OTHER_SECRET = `whsec_${btoa("another one of thirty-two bytes.")}`;
const SETTINGS = { WEBHOOK_URL: "https://receiver.example/hook?token=hidden", WEBHOOK_SECRET: SECRET };
const HOUR = 3600;

/** Verifies as receivers do, by the library of those who wrote the specification. */
class Receiver {
  readonly events: (ReleaseEvent & { id: string })[] = [];
  readonly requests: Request[] = [];
  /** What is answered in turn, and then 204 */
  readonly answers: (() => Response | Promise<Response>)[] = [];

  readonly fetch = async (url: URL, init: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    this.requests.push(request.clone());
    const response = (await this.answers.shift()?.()) ?? new Response(null, { status: 204 });
    if (!response.ok) return response;
    const headers = Object.fromEntries(request.headers);
    const body = await request.text();
    // The library refuses what is not of its own time, and the bakery's is another.
    const clock = vi.spyOn(Date, "now").mockReturnValue(Number(headers["webhook-timestamp"]) * 1000);
    const event = parseReleaseEvent(new Webhook(SECRET).verify(body, headers));
    clock.mockRestore();
    this.events.push({ ...event, id: headers["webhook-id"] ?? "" });
    return response;
  };
}

let receiver: Receiver;
let it: PublishingBakery;

beforeEach(async () => {
  await emptyStorage();
  vi.restoreAllMocks();
  receiver = new Receiver();
  it = await PublishingBakery.open(SETTINGS, { fetch: receiver.fetch });
});

async function outbox(): Promise<string[]> {
  return (await env.BUCKET.list({ prefix: ".outbox/" })).objects.map(({ key }) => key);
}
const types = () => receiver.events.map(({ type, data }) => `${type} ${data.version}`);
const status =
  (code: number, headers: Record<string, string> = {}) =>
  () =>
    new Response(null, { status: code, headers });
/** A time of the cron trigger, after some time. */
async function later(seconds: number): Promise<void> {
  it.bakery.wait(seconds);
  await it.bakery.refresh();
}

describe("the webhook", () => {
  test("is told what was published, withdrawn and restored, signed, with absolute URLs and when machines see it", async () => {
    await it.publish(await testRelease("k3s", "v1.0.0"));
    await it.ask("POST", "k3s/releases/v1.0.0/yank", { body: { reason: "broken" } });
    await it.index("k3s");
    await it.ask("DELETE", "k3s/releases/v1.0.0/yank");
    await it.index("k3s");
    expect(types()).toEqual(["release.published v1.0.0", "release.withdrawn v1.0.0", "release.restored v1.0.0"]);
    const [published, withdrawn] = receiver.events;
    const last = (await it.state("k3s")).body.last;
    expect(published?.data.images[0]).toMatchObject({
      url: `${ORIGIN}/extensions/k3s/k3s-v1.0.0-x86-64.raw`,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      size: "image of v1.0.0 for x86-64".length,
    });
    expect(Date.parse(published?.data.effectiveAt ?? "")).toBeLessThanOrEqual(Date.parse(last?.effectiveAt ?? ""));
    expect(withdrawn?.data.reason).toBe("broken");
    expect(new Set(receiver.events.map(({ id }) => id)).size).toBe(3);
    expect(await outbox()).toEqual([]);
  });

  test("gets what it did not take again, under the same id and with a new time, until it takes it", async () => {
    receiver.answers.push(status(500), status(302, { location: "https://elsewhere.example" }));
    await it.publish(await testRelease("k3s", "v1.0.0"));
    expect(await outbox()).toHaveLength(1);
    await later(60);
    expect(receiver.requests).toHaveLength(1);
    await later(5 * 60);
    await later(HOUR);
    expect(types()).toEqual(["release.published v1.0.0"]);
    const sent = receiver.requests.map(({ headers }) => headers);
    expect(new Set(sent.map((headers) => headers.get("webhook-id"))).size).toBe(1);
    expect(new Set(sent.map((headers) => headers.get("webhook-timestamp"))).size).toBe(3);
    expect(new Set(await Promise.all(receiver.requests.map((request) => request.text()))).size).toBe(1);
    expect(await outbox()).toEqual([]);
  });

  test("that never takes it is given up after three days, and nothing secret is in the log", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const unreachable = () => Promise.reject(new Error(`cannot fetch ${SETTINGS.WEBHOOK_URL}`));
    receiver.answers.push(...Array.from({ length: 20 }, () => unreachable));
    await it.publish(await testRelease("k3s", "v1.0.0"));
    let hours = 0;
    for (; (await outbox()).length > 0 && hours < 200; hours += 1) await later(HOUR);
    expect([hours > 70, hours < 96, receiver.requests.length]).toEqual([true, true, 9]);
    const log = error.mock.calls.join("\n");
    expect(log).toContain("will not be told of release.published of k3s-v1.0.0");
    for (const secret of ["hidden", SECRET, "x86-64.raw"]) expect(log).not.toContain(secret);
  });

  test("that is gone is given up at once; one that wants to be left alone is", async () => {
    receiver.answers.push(status(410));
    await it.publish(await testRelease("k3s", "v1.0.0"));
    expect(await outbox()).toEqual([]);
    receiver.answers.push(status(429, { "retry-after": String(3 * HOUR) }));
    await it.publish(await testRelease("k3s", "v1.1.0"));
    await later(2 * HOUR);
    expect(receiver.requests).toHaveLength(2);
    await later(HOUR + 60);
    expect(types()).toEqual(["release.published v1.1.0"]);
  });

  test("that does not answer is cut off, and keeps no publication from being one", async () => {
    const hanging = new Receiver();
    hanging.answers.push(() => new Promise<never>(() => {}));
    const patience = { kv: 5_000, r2: 5_000, github: 5_000, file: 5_000, webhook: 20 };
    it = await PublishingBakery.open(SETTINGS, { fetch: hanging.fetch, patience });
    await it.publish(await testRelease("k3s", "v1.0.0"));
    expect(await it.text("/extensions/k3s/SHA256SUMS")).toContain("v1.0.0");
    expect(await outbox()).toHaveLength(1);
  });

  test("is not told of an index that was never put, and of one whose publisher died right after it", async () => {
    await it.commitWhole(await testRelease("k3s", "v1.0.0"));
    const { etag, text } = (await it.state("k3s")).body;
    const failing = intercept(env.BUCKET, (method, key) => {
      if (method === "put" && key === "k3s/index.json") throw new Error("storage fails (10001)");
    });
    const broken = await PublishingBakery.open({ ...SETTINGS, BUCKET: failing }, { fetch: receiver.fetch });
    expect((await broken.putIndex("k3s", { text, signatures: {} }, etag)).status).toBe(503);
    expect(await outbox()).toHaveLength(1);
    const held = await (await env.BUCKET.get((await outbox())[0] ?? ""))?.text();
    await later(10 * 60);
    expect([types(), await outbox()]).toEqual([[], []]);

    await it.index("k3s");
    expect(types()).toHaveLength(1);
    // As if its publisher had died before it could send it.
    await env.BUCKET.put(".outbox/k3s-again.json", held ?? "");
    await later(10 * 60);
    expect(new Set(receiver.events.map(({ id }) => id)).size).toBe(1);
    expect([receiver.events.length, await outbox()]).toEqual([2, []]);
  });

  test("that is not configured costs nothing", async () => {
    it = await PublishingBakery.open({}, { fetch: receiver.fetch });
    await it.publish(await testRelease("k3s", "v1.0.0"));
    expect([receiver.requests, await outbox()]).toEqual([[], []]);
  });

  test("gets a signature of each secret while one takes the place of another", async () => {
    const WEBHOOK_SECRET = `${OTHER_SECRET} ${SECRET}`;
    it = await PublishingBakery.open({ ...SETTINGS, WEBHOOK_SECRET }, { fetch: receiver.fetch });
    await it.publish(await testRelease("k3s", "v1.0.0"));
    expect(types()).toHaveLength(1);
    expect(receiver.requests[0]?.headers.get("webhook-signature")?.split(" ")).toHaveLength(2);
  });
});

test.each([
  [{ WEBHOOK_URL: "https://receiver.example" }, "WEBHOOK_SECRET"],
  [{ WEBHOOK_SECRET: SECRET }, "WEBHOOK_URL"],
  [{ ...SETTINGS, WEBHOOK_URL: "http://receiver.example" }, "WEBHOOK_URL"],
  [{ ...SETTINGS, WEBHOOK_URL: "https://user:password@receiver.example" }, "WEBHOOK_URL"],
  [{ ...SETTINGS, WEBHOOK_URL: "receiver" }, "WEBHOOK_URL"],
  [{ ...SETTINGS, WEBHOOK_SECRET: "whsec_c2hvcnQ=" }, "WEBHOOK_SECRET"],
  [{ ...SETTINGS, WEBHOOK_SECRET: btoa("no prefix, of thirty-two bytes ..") }, "WEBHOOK_SECRET"],
])("the settings %j are refused by name, and not repeated", (settings, name) => {
  const parse = () => parseWebhookConfig(settings);
  expect(parse).toThrow(name);
  expect(parse).not.toThrow(/whsec_[A-Za-z0-9]|password@|receiver/);
});

test("a receiver on this machine may be http", () => {
  expect(parseWebhookConfig({ ...SETTINGS, WEBHOOK_URL: "http://127.0.0.1:9000/" })?.url.port).toBe("9000");
});
