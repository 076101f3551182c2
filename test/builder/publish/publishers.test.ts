/** Publishers of a real bakery that are killed, that race, and whose releases many machines wait for. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SigningKey } from "../../../builder/signing/signing-key.ts";
import {
  isBestBefore,
  parseDraft,
  parseInventory,
  parsePublishedIndex,
  parseSha256Sums,
} from "../../../schema/index.ts";
import type { LocalBakery } from "../../../scripts/local-bakery.ts";
import { Workplace } from "../../support/bakery.ts";
import { localBakery } from "../../support/local-bakery.ts";
import { PollingClient } from "../../support/polling-client.ts";
import { writeRelease } from "../../support/synthetic-release.ts";
import { live } from "./lives.ts";
import type { Request, Where } from "./mortal-fetch.ts";

const CLI = fileURLToPath(new URL("../../../builder/cli.ts", import.meta.url));
const KILLER = fileURLToPath(new URL("kill-at-request.ts", import.meta.url));
const MIB = 1024 ** 2;

let workplace: Workplace;
let armored: string;
let key: SigningKey;
let bakery: LocalBakery;

beforeAll(async () => {
  workplace = await Workplace.inMemory();
  armored = await SigningKey.generate({ name: "Bakery", email: "bakery@example.org" });
  key = await SigningKey.open(armored);
  const SIGNING_KEYRING = Buffer.from(key.keyring.bytes).toString("base64");
  bakery = await localBakery({ vars: { INDEX_TTL_SECONDS: "0", SIGNING_KEYRING } });
}, 60_000);
afterAll(async () => {
  await bakery.stop();
  await workplace[Symbol.asyncDispose]();
});

function release(extension: string, version: string): Promise<string> {
  return writeRelease(workplace.file(`${extension}-${version}`), extension, version, { arches: ["x86-64"] });
}

const envOf = ({ token }: LocalBakery) => ({ BAKERY_TOKEN: token, BAKERY_SIGNING_KEY: armored });

function publish(path: string, to: LocalBakery = bakery, ...options: string[]) {
  return workplace.run(["publish", path, "--to", to.url, ...options], envOf(to));
}

/** In a process of its own, which may be killed. */
function spawnPublisher(path: string, env: NodeJS.ProcessEnv): Promise<number | string | null> {
  const child = spawn(process.execPath, ["--import", KILLER, CLI, "publish", path, "--to", bakery.url], {
    cwd: workplace.path,
    env: { ...process.env, ...envOf(bakery), ...env },
    stdio: "ignore",
  });
  return new Promise((resolve) => child.on("close", (code, signal) => resolve(signal ?? code)));
}

/**
 * Where a publisher can die at a request. After the answer is where it dies before the next one, unless others are
 * under way, or no other one comes.
 */
function pointsOf({ hasBody, overlaps }: Request, index: number, all: readonly Request[]) {
  const places = ["before", ...(hasBody ? ["inside"] : []), ...(overlaps || index === all.length - 1 ? ["after"] : [])];
  return places.map((where) => ({ at: index + 1, where: where as Where }));
}

/** The images of an extension in its index, which are in the global one too. */
async function indexed(extension: string): Promise<string[]> {
  const [own, all] = await Promise.all(
    [`${bakery.url}/extensions/${extension}/SHA256SUMS`, `${bakery.url}/extensions/SHA256SUMS`].map(async (url) =>
      parseSha256Sums(await (await fetch(url)).text()).flatMap((line) => (isBestBefore(line) ? [] : line.file)),
    ),
  );
  expect(all).toEqual(expect.arrayContaining(own ?? []));
  return own ?? [];
}

it("killed at any request, or within its body, it leaves a bakery that is true, and the next run completes the release", async () => {
  const [first, ...others] = await Promise.all(
    ["1.0.0", "1.1.0", "1.2.0", "1.3.0"].map(async (version) => ({ version, path: await release("killed", version) })),
  );
  if (first === undefined) throw new RangeError("nothing to begin with");
  expect(await publish(first.path)).toMatchObject({ exitCode: 0 });
  const { requests } = await live(() => publish(others[0]?.path ?? ""));
  const points = requests.flatMap(pointsOf);
  expect(points.length).toBeGreaterThan(20);

  let published: string[] = [];
  for (const [index, { at, where }] of points.entries()) {
    const point = `${at} ${where}`;
    // Each begins with what the one before has completed, until there are no more versions.
    const { version, path } = others[index % others.length] ?? first;
    if (version === others[0]?.version) {
      await bakery.forget("killed");
      expect(await publish(first.path, bakery, "--no-wait")).toMatchObject({ exitCode: 0 });
      published = [`killed-${first.version}-x86-64.raw`];
    }
    const client = new PollingClient({ url: bakery.url, extension: "killed", keyring: key.keyring });
    const polling = client.run(60);
    expect(await live(() => publish(path), { at, where }), point).toMatchObject({ isDead: true });
    await client.poll();
    expect(await publish(path), point).toMatchObject({ exitCode: 0 });
    client.stop();
    await polling;
    expect(client.problems, point).toEqual([]);
    expect(client.polls.length, point).toBeGreaterThan(0);
    published.unshift(`killed-${version}-x86-64.raw`);
    expect(await indexed("killed"), point).toEqual(published);
    expect((await client.poll())?.isSigned, point).toBe(true);
  }
  console.info(`publishers killed: ${points.length}`);
}, 240_000);

it("killed within an upload in parts, the next run sends only the parts that are missing", async () => {
  const size = 64 * MIB + 5 * MIB;
  const folder = workplace.file("large-1.0.0");
  const path = await writeRelease(folder, "large", "1.0.0", { arches: ["x86-64"], size });
  // Requests: the draft, then two parts and the transfer file at once.
  expect(await spawnPublisher(path, { KILL_AT: "3 inside" })).toBe("SIGKILL");
  const { objects } = await bakery.bucket.list({ prefix: ".drafts/large-1.0.0/" });
  const arrived = objects.filter(({ key }) => !key.endsWith("/draft.json"));
  expect(await spawnPublisher(path, { COUNT_TO: workplace.file("requests") })).toBe(0);
  const requests = (await readFile(workplace.file("requests"), "utf8")).split("\n");
  const parts = requests.slice(0, requests.indexOf("POST with body", 1)).filter((request) => request.startsWith("PUT"));
  expect(parts.length).toBeGreaterThan(0);
  expect(parts.length).toBeLessThanOrEqual(3 - arrived.length);

  const response = await fetch(`${bakery.url}/extensions/large/large-1.0.0-x86-64.raw`);
  const hash = createHash("sha256");
  for await (const chunk of response.body ?? []) hash.update(chunk);
  const image = await readFile(join(folder, "large-1.0.0-x86-64.raw"));
  expect(hash.digest("hex")).toBe(createHash("sha256").update(image).digest("hex"));
  expect(response.headers.get("etag")).toBe(`"${createHash("sha256").update(image).digest("hex")}"`);
  await bakery.forget("large");
}, 120_000);

it("a client that hangs up in the middle of a body leaves nothing, and the bakery goes on", async () => {
  const path = await release("cut", "1.0.0");
  const manifest = await readFile(path, "utf8");
  const headers = { authorization: `Bearer ${bakery.token}` };
  const url = `${bakery.url}/api/v1/extensions/cut/releases/1.0.0`;
  const { draft } = parseDraft(await (await fetch(url, { method: "POST", headers, body: manifest })).text());
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = [
    `PUT ${pathname}/files/cut-1.0.0-x86-64.raw HTTP/1.1`,
    `Host: ${hostname}`,
    `Authorization: Bearer ${bakery.token}`,
    `If-Match: "${draft}"`,
    "Content-Length: 1000",
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n${"x".repeat(500)}`);
  await new Promise((resolve) => setTimeout(resolve, 300));
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { objects } = await bakery.bucket.list({ prefix: ".drafts/cut-1.0.0/" });
  expect(objects.map(({ key }) => key)).toEqual([".drafts/cut-1.0.0/draft.json"]);
  expect(await publish(path)).toMatchObject({ exitCode: 0 });
});

it("ten at once on one extension lose no release", async () => {
  const versions = Array.from({ length: 10 }, (_, at) => `1.${at}.0`);
  const releases = await Promise.all(versions.map((version) => release("crowded", version)));
  const outcomes = await Promise.all(releases.map((path) => publish(path)));
  expect(outcomes.map(({ exitCode, stderr }) => [exitCode, /error.*/.exec(stderr)?.[0]])).toEqual(
    versions.map(() => [0, undefined]),
  );
  expect((await indexed("crowded")).toSorted()).toEqual(
    versions.map((version) => `crowded-${version}-x86-64.raw`).sort(),
  );
  const inventory = parseInventory(await (await fetch(`${bakery.url}/extensions/crowded/releases.json`)).text());
  expect(inventory.releases).toHaveLength(10);
}, 120_000);

it("ten at once on ten extensions lose no line of the global index", async () => {
  const names = Array.from({ length: 10 }, (_, at) => `lone-${String.fromCharCode(97 + at)}`);
  const releases = await Promise.all(names.map((name) => release(name, "1.0.0")));
  const outcomes = await Promise.all(releases.map((path) => publish(path)));
  expect(outcomes.map(({ exitCode }) => exitCode)).toEqual(names.map(() => 0));
  for (const name of names) expect(await indexed(name)).toEqual([`${name}-1.0.0-x86-64.raw`]);
}, 120_000);

it("while a hundred machines verify, none meets a signature of another index", async () => {
  const SIGNING_KEYRING = Buffer.from(key.keyring.bytes).toString("base64");
  const vars = { SIGNING_KEYRING, INDEX_TTL_SECONDS: "1", INDEX_SETTLE_SECONDS: "2" };
  const settling = await localBakery({ vars });
  try {
    const releases = await Promise.all(["1.0.0", "1.1.0", "1.2.0"].map((version) => release("watched", version)));
    const [first = "", ...others] = releases;
    expect(await publish(first, settling)).toMatchObject({ exitCode: 0 });
    const options = { url: settling.url, extension: "watched", keyring: key.keyring };
    const clients = Array.from({ length: 100 }, () => new PollingClient(options));
    const polling = clients.map((client) => client.run(1_500));
    const switches: number[] = [];
    for (const path of others) {
      expect(await publish(path, settling)).toMatchObject({ exitCode: 0 });
      const document = await (await settling.bucket.get("watched/index.json"))?.text();
      switches.push(Date.parse(parsePublishedIndex(document).generations.at(-1)?.effectiveAt ?? ""));
    }
    for (const client of clients) client.stop();
    await Promise.all(polling);

    const polls = clients.flatMap((client) => client.polls);
    const bad = polls.filter(({ isSigned }) => !isSigned);
    // The protocol has two requests: who asks at the very moment of a switch can meet both sides of it.
    const unexplained = bad.filter(({ from, to }) => !switches.some((at) => from <= at && at <= to));
    console.info(`polls: ${polls.length}, switches: ${switches.length}, polls across a switch: ${bad.length}`);
    expect(unexplained).toEqual([]);
    expect(clients.flatMap(({ problems }) => problems)).toEqual([]);
    expect(new Set(polls.map(({ text }) => text)).size).toBe(3);
    expect(polls.length).toBeGreaterThan(500);
  } finally {
    await settling.stop();
  }
}, 120_000);
