/** Dates of signed indexes: signed anew before they run out, by one question where that is not due, and never by a wrong clock. */
import { readFile, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { nextIndex } from "../../../builder/publish/index-signer.ts";
import { SigningKey } from "../../../builder/signing/signing-key.ts";
import { bestBeforeAfter, bestBeforeOf, parseSha256Sums, withoutBestBefore } from "../../../schema/index.ts";
import type { LocalBakery } from "../../../scripts/local-bakery.ts";
import { Workplace } from "../../support/bakery.ts";
import { localBakery } from "../../support/local-bakery.ts";
import { writeRelease } from "../../support/synthetic-release.ts";

const DAY_MS = 86_400_000;
const inDays = (days: number, from = Date.now()) => bestBeforeAfter(new Date(from), days);
let workplace: Workplace;
let armored: string;
let key: SigningKey;

beforeAll(async () => {
  workplace = await Workplace.open();
  // Older than any clock below.
  vi.setSystemTime(Date.now() - 60 * DAY_MS);
  armored = await SigningKey.generate({ name: "Bakery", email: "bakery@example.org" });
  vi.useRealTimers();
  key = await SigningKey.open(armored);
  await writeFile(workplace.file("ring.gpg"), key.keyring.bytes);
});
afterAll(() => workplace[Symbol.asyncDispose]());
afterEach(() => void vi.useRealTimers());

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  workplace.run(args, { BAKERY_SIGNING_KEY: armored, ...env });

async function publish(extension: string, to: string, env: NodeJS.ProcessEnv = {}) {
  const path = await writeRelease(workplace.file(extension), extension, "1.0.0", { arches: ["arm64"] });
  return run(["publish", path, "--to", to, "--no-wait"], env);
}

describe("in a folder", () => {
  let to: string;
  let folders = 0;
  beforeEach(async () => {
    folders += 1;
    to = `site-${folders}`;
  });
  const text = (extension = "") => readFile(workplace.file(`${to}/extensions/${extension}/SHA256SUMS`), "utf8");
  const dayOf = async (extension?: string) => bestBeforeOf(parseSha256Sums(await text(extension)));
  const doctor = () => workplace.run(["doctor", to, "--keyring", "ring.gpg"]);

  it("the global index has the earliest date of all, and that of a run that signs all of them", async () => {
    const start = Date.now();
    vi.setSystemTime(start);
    await publish("one", to);
    vi.setSystemTime(start + 5 * DAY_MS);
    await publish("two", to);
    expect([await dayOf("one"), await dayOf("two"), await dayOf()]).toEqual([
      inDays(30, start),
      inDays(35, start),
      inDays(30, start),
    ]);
    const before = await text();
    expect((await run(["reindex", "--due", "--to", to])).stdout).toBe(
      `the indexes say so already\ngood until ${inDays(30, start)}\n`,
    );
    expect(await text()).toBe(before);

    vi.setSystemTime(start + 16 * DAY_MS);
    expect(await run(["reindex", "--due", "--to", to])).toMatchObject({ exitCode: 0 });
    const days = [await dayOf("one"), await dayOf("two"), await dayOf()];
    expect(days).toEqual([inDays(46, start), inDays(46, start), inDays(46, start)]);
    expect(await doctor()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(inDays(46, start)) });
  });

  it("doctor raises the alarm before machines refuse them, when they do, and where dates do not fit", async () => {
    const start = Date.now();
    await publish("one", to);
    for (const [days, problem] of [
      [19, undefined],
      [22, /was not signed anew in time/],
      [32, /machines refuse it/],
    ] as const) {
      vi.setSystemTime(start + days * DAY_MS);
      const { exitCode, stderr } = await doctor();
      expect([days, exitCode]).toEqual([days, problem === undefined ? 0 : 1]);
      if (problem !== undefined) expect(stderr).toMatch(problem);
    }
    vi.useRealTimers();
    await writeFile(workplace.file(`${to}/extensions/one/SHA256SUMS`), withoutBestBefore(await text("one")).text);
    expect((await doctor()).stderr).toMatch(/has no date, and the global index has one/);
  });

  it("a clock that is behind what was published signs nothing", async () => {
    await publish("one", to);
    vi.setSystemTime(Date.now() - DAY_MS);
    const { exitCode, stderr } = await run(["reindex", "--all", "--to", to]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("this machine's clock is wrong")]);
  });

  it("0 takes dates off, and what is no span is refused", async () => {
    await publish("one", to);
    expect(await run(["reindex", "--due", "--to", to], { BAKERY_BEST_BEFORE_DAYS: "0" })).toMatchObject({
      exitCode: 0,
    });
    expect([await dayOf("one"), await dayOf()]).toEqual([undefined, undefined]);
    for (const BAKERY_BEST_BEFORE_DAYS of ["1", "367", "-1", "x", "7.5"]) {
      expect((await run(["reindex", "--due", "--to", to], { BAKERY_BEST_BEFORE_DAYS })).exitCode).toBe(2);
    }
    expect((await workplace.run(["reindex", "--due", "--to", to])).exitCode).toBe(2);
    expect((await run(["reindex", "one", "--due", "--to", to])).exitCode).toBe(2);
  });
});

describe("in a bakery", () => {
  let bakery: LocalBakery;
  const requests: string[] = [];

  beforeAll(async () => {
    const SIGNING_KEYRING = Buffer.from(key.keyring.bytes).toString("base64");
    const log = (line: string) => requests.push(JSON.parse(line).path);
    bakery = await localBakery({ vars: { INDEX_TTL_SECONDS: "0", SIGNING_KEYRING }, log });
    for (const extension of ["one", "two"]) await publish(extension, bakery.url, { BAKERY_TOKEN: bakery.token });
  }, 60_000);
  afterAll(() => bakery.stop());

  it("costs one question where nothing is due, and signs all that are", async () => {
    const reindex = (days: string) =>
      run(["reindex", "--due", "--to", bakery.url], { BAKERY_TOKEN: bakery.token, BAKERY_BEST_BEFORE_DAYS: days });
    requests.length = 0;
    expect(await reindex("30")).toMatchObject({ exitCode: 0 });
    await expect.poll(() => requests).toEqual(["/extensions/SHA256SUMS"]);
    expect((await reindex("90")).stdout).toBe(`one/index\ntwo/index\ntwo/global-index\ngood until ${inDays(90)}\n`);
    for (const path of ["one/SHA256SUMS", "two/1.0/SHA256SUMS", "SHA256SUMS"]) {
      const index = await (await fetch(`${bakery.url}/extensions/${path}`)).text();
      expect(bestBeforeOf(parseSha256Sums(index)), path).toBe(inDays(90));
    }
    const { stdout } = await workplace.run(["doctor", bakery.url, "--keyring", "ring.gpg"]);
    expect(stdout).toContain(inDays(90));
  });

  it("a publisher whose clock is wrong finds out before it signs", async () => {
    for (const days of [-20, 20]) {
      vi.setSystemTime(Date.now() + days * DAY_MS);
      const { exitCode, stderr } = await publish("three", bakery.url, { BAKERY_TOKEN: bakery.token });
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining("this machine's clock is wrong")]);
      vi.useRealTimers();
    }
    expect((await fetch(`${bakery.url}/extensions/three/SHA256SUMS`)).status).toBe(404);
  });
});

it("a date that the bakery wants signed is not signed, though it was signed before", async () => {
  const policy = { key, trusted: key.keyring, bestBefore: { days: 30, day: inDays(30) } };
  const line = `${"a".repeat(64)}  tool-1.0-arm64.raw\n`;
  const state = { etag: null, text: line, last: null, signatures: {} };
  const first = await nextIndex(state, { ...policy, trustsBakery: true });
  const last = { text: first?.text ?? "", signatures: first?.signatures ?? {}, effectiveAt: new Date().toISOString() };
  expect(await nextIndex({ ...state, last }, policy)).toBeUndefined();
  for (const trustsBakery of [false, true]) {
    const asked = nextIndex({ ...state, text: last.text + line, last }, { ...policy, trustsBakery });
    await expect(asked).rejects.toThrow(/only who signs an index says until when/);
  }
});
