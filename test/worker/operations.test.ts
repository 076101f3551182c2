/** What operators see: readiness, what is missing, and the data points. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import OPERATE from "../../docs/operate.md";
import { BLOBS, DOUBLES } from "../../worker/analytics.ts";
import { PATIENCE } from "../../worker/time-limit.ts";
import { bakery, standaloneBakery } from "./support/bakery.ts";
import { IMAGE, IMAGE_KEY, IMAGE_PATH, INDEX_PATH, putFile } from "./support/files.ts";
import { Github } from "./support/github.ts";
import { breakable, counting, emptyStorage } from "./support/storage.ts";

beforeEach(emptyStorage);
afterEach(() => vi.restoreAllMocks());

describe("readiness", () => {
  const github = async () => new Response(null);
  const states = ({ stores }: { stores: Record<string, { state: string }> }) =>
    Object.values(stores).map(({ state }) => state);

  async function readyz(overrides: Parameters<typeof bakery>[0] = {}, surroundings: Parameters<typeof bakery>[1] = {}) {
    const response = await bakery(overrides, { fetch: github, ...surroundings }).fetch("/readyz");
    return { status: response.status, body: await response.json<Parameters<typeof states>[0]>() };
  }

  test("is everything's", async () => {
    const { status, body } = await readyz();
    expect([status, states(body)]).toEqual([200, ["ok", "ok", "ok"]]);
  });

  test("says which store fails, and no more; a bakery with a bucket needs nothing else", async () => {
    const [r2, kv] = [breakable(env.BUCKET), breakable(env.INDEX_KV)];
    kv.broken = true;
    const unreachable = async () => new Response(null, { status: 500 });
    const bindings = { BUCKET: r2.storage, INDEX_KV: kv.storage };
    const degraded = await readyz(bindings, { fetch: unreachable });
    expect([degraded.status, states(degraded.body)]).toEqual([200, ["ok", "fails", "fails"]]);
    r2.broken = true;
    const broken = await readyz(bindings);
    expect([broken.status, states(broken.body)]).toEqual([503, ["fails", "fails", "ok"]]);
    expect(JSON.stringify(broken.body)).not.toContain("secret");
  });

  test("does not wait for what hangs", async () => {
    const hanging = () => new Promise<never>(() => {});
    const { body } = await readyz({}, { fetch: hanging, patience: { ...PATIENCE, github: 10 } });
    expect(states(body)).toEqual(["ok", "ok", "fails"]);
  });

  test("of a redirector is GitHub's; what is not bound comes with the command that makes it", async () => {
    const { status, body } = await readyz({ BUCKET: undefined, INDEX_KV: undefined });
    expect(status).toBe(200);
    expect(body.stores).toMatchObject({
      r2: { state: "none", hint: expect.stringContaining("wrangler r2 bucket create") },
      kv: { state: "none", hint: expect.stringContaining("wrangler kv namespace create") },
    });
    expect((await readyz({ BUCKET: undefined, GITHUB_REPOSITORY: "" })).status).toBe(503);
  });

  test("is found out at most every ten seconds", async () => {
    const { storage, operations } = counting(env.BUCKET);
    const { fetch, wait } = standaloneBakery({ BUCKET: storage });
    for (let request = 0; request < 5; request += 1) await fetch("/readyz");
    // The bucket, and the global index, which is cached as it is for machines.
    expect(operations).toHaveLength(2);
    wait(10);
    await fetch("/readyz");
    expect(operations).toHaveLength(3);
  });
});

test("a start without bindings is noted once, with the commands that make them", async () => {
  const info = vi.spyOn(console, "info").mockImplementation(() => {});
  const { fetch } = bakery({ BUCKET: undefined, INDEX_KV: undefined });
  await fetch("/healthz");
  await fetch("/healthz");
  const notices = info.mock.calls.map(([line]) => JSON.parse(line).notice).filter((notice) => notice !== undefined);
  expect(notices).toEqual([
    expect.stringContaining("npx wrangler r2 bucket create sysext-bakery"),
    expect.stringContaining("npx wrangler kv namespace create INDEX_KV"),
  ]);
});

describe("a data point", () => {
  async function points(path: string, init?: RequestInit, overrides = {}) {
    const written: AnalyticsEngineDataPoint[] = [];
    const ANALYTICS = { writeDataPoint: (point?: AnalyticsEngineDataPoint) => void written.push(point ?? {}) };
    await bakery({ ANALYTICS, ...overrides }, { fetch: new Github().fetch }).fetch(path, init);
    return written;
  }

  test("has extension, version, architecture, kind, store, status, systemd's version, and the bytes", async () => {
    await putFile(env.BUCKET, IMAGE_KEY, IMAGE);
    const headers = { "user-agent": "systemd-pull/257.13-1~deb13u1", "cf-connecting-ip": "192.0.2.7" };
    expect(await points(IMAGE_PATH, { headers })).toEqual([
      {
        indexes: ["kubernetes"],
        blobs: ["kubernetes", "v1.32.2", "x86-64", "image", "r2", "200", "257"],
        doubles: [IMAGE.length],
      },
    ]);
  });

  test("is what docs/operate.md says, and its query finds images that were sent by it", async () => {
    const named = (column: string, names: readonly string[]) => names.map((name, at) => [`${column}${at + 1}`, name]);
    const names = [...named("blob", BLOBS), ...named("double", DOUBLES)];
    const [, prose = "", sql = ""] = /^## Metrics\n(.*?)```sql\n(.*?)```/ms.exec(OPERATE) ?? [];
    const said = [...prose.matchAll(/`((?:blob|double)\d)`\s([^,:.]+)/g)].map(([, column, what]) => [column, what]);
    expect(said).toEqual(names.map(([column, name]) => [column, expect.stringContaining(name ?? "")]));
    for (const [, column, name] of sql.matchAll(/(blob\d) AS (\w+)/g)) expect(names).toContainEqual([column, name]);

    const conditions = [...sql.matchAll(/(blob\d) (?:= |IN \()('[^)\n]*?')(?=\)| )/g)];
    expect(conditions).toHaveLength(2);
    const isFound = ({ blobs = [] }: AnalyticsEngineDataPoint) =>
      conditions.every(([, column, values = ""]) => {
        const at = names.findIndex(([name]) => name === column);
        return values.split(", ").includes(`'${blobs[at]}'`);
      });
    await putFile(env.BUCKET, IMAGE_KEY, IMAGE);
    const requests = { [IMAGE_PATH]: true, [INDEX_PATH]: false, [IMAGE_PATH.replace("v1.32.2", "v1.32.3")]: true };
    for (const [path, isSent] of Object.entries(requests)) {
      const [point] = await points(path);
      expect(isFound(point ?? {}), `${path} ${point?.blobs}`).toBe(isSent);
    }
    const [absent] = await points(IMAGE_PATH.replaceAll("kubernetes", "absent"), {}, { GITHUB_REPOSITORY: "" });
    expect(isFound(absent ?? {}), `${absent?.blobs}`).toBe(false);
  });

  test("of an index has no version, of another client no systemd", async () => {
    const [point] = await points(INDEX_PATH, { headers: { "user-agent": "curl/8" } });
    expect(point?.blobs).toEqual(["kubernetes", "", "", "index", "", "404", ""]);
  });

  test("is not written for what is no file of a bakery, and stays short", async () => {
    expect(await points("/index.html")).toEqual([]);
    const [point] = await points(`/extensions/${"x".repeat(900)}.conf`);
    expect(point?.blobs?.[0]).toHaveLength(128);
    expect(point?.indexes?.[0]).toHaveLength(32);
  });
});
