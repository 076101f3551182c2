/** Programs that people download with: a large image is fetched, resumed and revalidated, byte for byte. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatInventory } from "../../schema/index.ts";
import type { LocalBakery } from "../../scripts/local-bakery.ts";
import { execute } from "../support/execute.ts";
import { localBakery } from "../support/local-bakery.ts";

const MIB = 1024 ** 2;
const FILE = "large-1.0.0-x86-64.raw";
const KEY = `large-1.0.0/${FILE}`;

let bakery: LocalBakery;
let work: string;
let url: string;
const logged: { path: string; status: number; bytes?: number }[] = [];

beforeAll(async () => {
  bakery = await localBakery({ log: (line) => void logged.push(JSON.parse(line)) });
  work = await mkdtemp(join(tmpdir(), "downloads-"));
  url = `${bakery.url}/extensions/large/${FILE}`;
}, 60_000);
afterAll(async () => {
  await bakery.stop();
  await rm(work, { recursive: true });
});

/** Bytes that repeat nowhere, so that a piece in the wrong place is found out. */
function bytesOf(mebibytes: number, seed: string): Uint8Array {
  const bytes = Buffer.alloc(mebibytes * MIB);
  for (let offset = 0; offset < bytes.length; offset += 32) {
    createHash("sha256").update(`${seed} ${offset}`).digest().copy(bytes, offset);
  }
  return bytes;
}

async function publish(bytes: Uint8Array): Promise<string> {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  await bakery.bucket.put(KEY, bytes, { sha256 });
  const images = [{ arch: "x86-64" as const, size: bytes.length, sha256 }];
  const releases = [{ version: "1.0.0", publishedAt: "2026-11-24T00:00:00Z", images }];
  await bakery.bucket.put("large/releases.json", formatInventory({ schemaVersion: 1, extension: "large", releases }));
  return sha256;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}

/** The statuses of what was asked since the last time. The log is behind the answers. */
async function statuses(count: number): Promise<number[]> {
  const own = () => logged.filter(({ path }) => path.endsWith(FILE));
  await expect.poll(() => own().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count);
  return logged.splice(0).flatMap(({ path, status }) => (path.endsWith(FILE) ? [status] : []));
}

describe("an image of 48 MiB", () => {
  let sha256: string;
  let file: string;

  beforeAll(async () => {
    sha256 = await publish(bytesOf(48, "first"));
    file = join(work, FILE);
  });

  it.each([
    ["curl", ["--fail", "--silent", "--continue-at", "-", "--remote-name"]],
    ["wget", ["--quiet", "--continue"]],
  ])("is resumed by %s where it was cut", async (program, args) => {
    expect(await execute(program, [...args, url], { cwd: work })).toMatchObject({ exitCode: 0 });
    expect(await sha256Of(file)).toBe(sha256);
    expect(await statuses(1)).toEqual([200]);

    await truncate(file, 20 * MIB + 7);
    expect(await execute(program, [...args, url], { cwd: work })).toMatchObject({ exitCode: 0 });
    expect(await sha256Of(file)).toBe(sha256);
    expect(await statuses(1)).toEqual([206]);
    await rm(file);
  });

  it("is fetched by aria2 over eight connections at once", async () => {
    const args = ["--quiet", "-x8", "-s8", "-k1M", "--no-conf", "--check-certificate=false", url];
    expect(await execute("aria2c", args, { cwd: work })).toMatchObject({ exitCode: 0 });
    expect(await sha256Of(file)).toBe(sha256);
    const parts = (await statuses(8)).filter((status) => status === 206);
    expect(parts.length).toBeGreaterThanOrEqual(7);
    await rm(file);
  });

  it("is not sent again to who has it: by entity tag, and by date", async () => {
    const etag = join(work, "etag");
    const byTag = ["--silent", "--fail", "--etag-save", etag, "--etag-compare", etag, "--output", file, url];
    await execute("curl", byTag);
    expect(await readFile(etag, "utf8")).toContain(sha256);
    await execute("curl", byTag);
    expect(await statuses(2)).toEqual([200, 304]);

    await execute("wget", ["--quiet", "--timestamping", url], { cwd: work });
    await execute("curl", ["--silent", "--fail", "--time-cond", file, "--output", `${file}.2`, url]);
    expect(await statuses(2)).toContain(304);
    expect(await readdir(work)).not.toContain(`${FILE}.2`);
    expect(await sha256Of(file)).toBe(sha256);
    await rm(file);
  });

  it("that has changed since the first part came is sent whole, and never mixed", async () => {
    const response = await fetch(url, { headers: { range: `bytes=0-${10 * MIB - 1}` } });
    const part = await response.bytes();
    const etag = response.headers.get("etag") ?? "";
    const replaced = await publish(bytesOf(16, "second"));

    const range = `bytes=${part.length}-`;
    const resumed = await fetch(url, { headers: { range, "if-range": etag } });
    expect(resumed.status).toBe(200);
    expect(
      createHash("sha256")
        .update(await resumed.bytes())
        .digest("hex"),
    ).toBe(replaced);
    const wrong = await fetch(url, { headers: { range, "if-match": etag } });
    expect(wrong.status).toBe(412);
    await wrong.body?.cancel();
  });
});
