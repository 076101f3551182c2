/**
 * Storage fails at every single operation of a publication in turn, in every way that makes a difference. Meanwhile a
 * machine asks as systemd-sysupdate does. It must never see an index that names what it cannot fetch with that hash, nor
 * a signature of another index; and one more publication completes the release.
 */
import { env } from "cloudflare:workers";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { parseSha256Sums, seriesIndexes } from "../../../schema/index.ts";
import { standaloneBakery } from "../support/bakery.ts";
import { sha256 } from "../support/files.ts";
import { PublishingBakery, testRelease } from "../support/publishing.ts";
import { emptyStorage } from "../support/storage.ts";

/** What happens to the n-th operation. */
const FAULTS = {
  "fails before it is done": "before",
  "is done, and its answer is lost": "after",
  "does not answer": "hang",
  "is done when nobody waits for it any more": "late",
  "is the last one that the isolate lives to see": "die",
} as const;
type Fault = (typeof FAULTS)[keyof typeof FAULTS];

const READS = ["get", "getWithMetadata", "head", "list"];
const WRITES = ["put", "delete"];
/**
 * A read leaves nothing: that its answer is lost is to the worker as if it had failed, that it is done late as if it
 * never were, and an isolate that dies after it leaves what the write before has left.
 */
const FAULTS_OF_WRITES: readonly Fault[] = ["after", "late", "die"];
/**
 * Of each kind of operation once, as the third part or the second image is no other than the first. What stands there
 * after each single write, and what is made of each single failure, the others see.
 */
const FAULTS_OF_KINDS: readonly Fault[] = ["after", "hang"];

/** Told apart by the text that they are of. */
const signatureOf = async (text: string) => btoa(`signature of ${await sha256(text)}`);

/**
 * R2 and KV of which one operation goes wrong. What every operation leaves behind is seen when the isolate dies after
 * it; beyond that the machine asks when the fault has happened, and in the end.
 */
class FaultyStorage {
  #operations = 0;
  readonly #kinds = new Set<string>();
  /** Where the fault was: `put k3s/releases.json` */
  hit: string | undefined;
  /** What is done behind everybody's back */
  straggler: Promise<unknown> = Promise.resolve();
  readonly #at: number;
  readonly #fault: Fault;
  readonly #onFault: () => Promise<void>;

  constructor(at: number, fault: Fault, onFault: () => Promise<void>) {
    this.#at = at;
    this.#fault = fault;
    this.#onFault = onFault;
  }

  wrap<T extends object>(storage: T): T {
    return new Proxy(storage, {
      get: (target, property) => {
        const member: unknown = Reflect.get(target, property);
        if (typeof member !== "function") return member;
        const perform = (args: unknown[]) => Reflect.apply(member, target, args);
        const method = String(property);
        if (![...READS, ...WRITES].includes(method)) return (...args: unknown[]) => perform(args);
        return (...args: unknown[]) => this.#operate(method, String(args[0]), () => perform(args));
      },
    });
  }

  async #operate(method: string, key: string, perform: () => Promise<unknown>): Promise<unknown> {
    const isDead = this.#fault === "die" && this.hit !== undefined;
    const kind = `${method} ${kindOf(key)}`;
    const counts =
      (WRITES.includes(method) || !FAULTS_OF_WRITES.includes(this.#fault)) &&
      !(FAULTS_OF_KINDS.includes(this.#fault) && this.#kinds.has(kind));
    this.#kinds.add(kind);
    if (counts) this.#operations += 1;
    const isHit = counts && this.#operations === this.#at;
    if (isHit) this.hit = `${method} ${key}`;
    if ((isHit && this.#fault === "before") || isDead) throw new Error("storage fails (10001)");
    if (isHit && this.#fault === "hang") return new Promise(() => {});
    if (isHit && this.#fault === "late") {
      this.straggler = scheduler.wait(2 * PATIENCE_MILLISECONDS).then(perform);
      return this.straggler;
    }
    const outcome = await perform();
    if (!isHit) return outcome;
    await this.#onFault();
    throw new Error("the answer is lost");
  }
}

/** Of keys that differ in a name alone the same: `put x/releases.json` */
function kindOf(key: string): string {
  return key
    .replaceAll(/[0-9a-f]{64}/g, "hash")
    .replaceAll(/x-[a-j]+(?=[-/.]|$)/g, "x")
    .replaceAll(/-[0-9]+\.[0-9]+\.[0-9]+/g, "-version")
    .replaceAll(/-(x86-64|arm64)/g, "");
}

/** Asks again and again, and remembers of which indexes it has fetched everything. */
class PollingMachine {
  readonly problems: string[] = [];
  readonly #extension: string;

  constructor(extension: string) {
    this.#extension = extension;
  }

  /**
   * @param seconds from now; later than the time to live, no copy of KV's is fresh
   * @returns the images that the indexes name
   */
  async poll(seconds = 0): Promise<string[]> {
    // An isolate of its own, with nothing in memory, on storage that is well.
    const { fetch, wait } = standaloneBakery({ INDEX_TTL_SECONDS: "60" });
    wait(seconds);
    const read = async (path: string) => new TextDecoder().decode(await (await fetch(path)).bytes());
    let named: string[] = [];
    const hashes = new Map<string, string>();
    const hashOf = async (file: string) => {
      const hash = hashes.get(file) ?? (await sha256(await read(`/extensions/${this.#extension}/${file}`)));
      hashes.set(file, hash);
      return hash;
    };
    for (const path of [`/extensions/${this.#extension}/SHA256SUMS`, "/extensions/SHA256SUMS"]) {
      const [index, signature] = [await fetch(path), await fetch(`${path}.gpg`)];
      const text = await index.text();
      if (index.status === 404) continue;
      const signed = new TextDecoder().decode(await signature.bytes());
      if (index.status !== 200 || btoa(signed) !== (await signatureOf(text)))
        this.problems.push(`${path}: ${index.status}, ${signed}`);
      const own = parseSha256Sums(text).filter(({ file }) => file.startsWith(`${this.#extension}-`));
      for (const { file, sha256: expected } of own) {
        if ((await hashOf(file)) !== expected) this.problems.push(`${path} names ${file}, which has another hash`);
      }
      named = own.map(({ file }) => file);
    }
    return named;
  }
}

/** As the builder does it: stops at the first answer that is none. */
async function publish(at: PublishingBakery, extension: string, version: string): Promise<boolean> {
  const release = await testRelease(extension, version);
  const drafted = await at.draft(release);
  if (drafted.status !== 200) return false;
  const { draft, state, files } = drafted.body;
  if (state === "draft") {
    for (const { file, missing } of files) {
      if (missing.length > 0 && (await at.put(release, draft, file)).status !== 204) return false;
    }
    if ((await at.commit(release, draft)).status !== 200) return false;
  }
  for (const scope of ["index", "global-index"]) {
    const asked = await at.state(extension, scope);
    if (asked.status !== 200) return false;
    const { etag, text, last } = asked.body;
    if (text === last?.text) continue;
    const series = scope === "index" ? { series: await seriesSignatures(text) } : {};
    const signatures = { index: await signatureOf(text), ...series };
    if ((await at.putIndex(extension, { text, signatures }, etag, scope)).status !== 200) return false;
  }
  return true;
}

async function seriesSignatures(text: string): Promise<Record<string, string>> {
  const texts = [...seriesIndexes(parseSha256Sums(text))];
  return Object.fromEntries(await Promise.all(texts.map(async ([name, of]) => [name, await signatureOf(of)])));
}

const VARS = { INDEX_TTL_SECONDS: "60", INDEX_SETTLE_SECONDS: "0" };
/** Short, so that what hangs is given up soon; long enough for what does not. */
const PATIENCE_MILLISECONDS = 100;
const PATIENCE = {
  kv: PATIENCE_MILLISECONDS,
  r2: PATIENCE_MILLISECONDS,
  github: PATIENCE_MILLISECONDS,
  file: PATIENCE_MILLISECONDS,
  webhook: PATIENCE_MILLISECONDS,
};

async function healthy(): Promise<PublishingBakery> {
  return PublishingBakery.open(VARS);
}

/** Points that share an extension, each with its own version: the one before has left what the next begins with. */
const SHARING = 3;

/** One publication with one fault; names the point, or undefined where the publication had no such operation. */
async function crash(at: number, fault: Fault): Promise<string | undefined> {
  const extension = nameOf(Math.floor(at / SHARING));
  const minor = (at % SHARING) + 1;
  if (at === 1 || minor === 1) expect(await publish(await healthy(), extension, "1.0.0")).toBe(true);
  const version = `1.${minor}.0`;
  const machine = new PollingMachine(extension);
  const storage = new FaultyStorage(at, fault, async () => void (await machine.poll()));
  const overrides = { ...VARS, BUCKET: storage.wrap(env.BUCKET), INDEX_KV: storage.wrap(env.INDEX_KV) };
  await publish(await PublishingBakery.open(overrides, { patience: PATIENCE }), extension, version);
  await machine.poll();
  const isDone = await publish(await healthy(), extension, version);
  await storage.straggler.catch(() => {});

  expect(isDone, `${fault} at ${storage.hit}`).toBe(true);
  const named = await machine.poll(120);
  expect(machine.problems, `${fault} at ${storage.hit}`).toEqual([]);
  expect(
    named.filter((file) => file.includes(`-${version}-`)),
    `${fault} at ${storage.hit}`,
  ).toHaveLength(2);
  return storage.hit;
}

/** `x-a`, `x-b`, … */
function nameOf(number: number): string {
  return `x-${[...String(number)].map((digit) => String.fromCharCode(97 + Number(digit))).join("")}`;
}

const points = new Map<string, number>();
beforeEach(emptyStorage);
afterAll(() => {
  const all = [...points.values()].reduce((sum, count) => sum + count, 0);
  console.info(`crash points: ${all} (${[...points].map(([fault, count]) => `${count} ${fault}`).join(", ")})`);
});

/** Fewer, and operations have got past the harness. */
const MIN_POINTS: Readonly<Record<Fault, number>> = { before: 40, die: 14, after: 10, hang: 16, late: 10 };

describe("a publication of which one operation of storage", () => {
  test.each(Object.entries(FAULTS))(
    "%s",
    async (name, fault) => {
      const seen = new Set<string>();
      for (let at = 1; ; at += 1) {
        const hit = await crash(at, fault);
        if (hit === undefined) break;
        seen.add(`${at} ${hit}`);
      }
      points.set(name, seen.size);
      expect(seen.size).toBeGreaterThan(MIN_POINTS[fault] - 1);
    },
    240_000,
  );
});

test("the harness finds faults (control): an index that comes before its files, and one with another's signature", async () => {
  expect(await publish(await healthy(), "k3s", "1.0.0")).toBe(true);
  const key = "k3s/index.json";
  const document = (await (await env.BUCKET.get(key))?.text()) ?? "";
  const machine = new PollingMachine("k3s");
  await env.INDEX_KV.delete("index/k3s");
  await env.BUCKET.put(key, document.replace(/[0-9a-f]{64} {2}k3s-1.0.0-arm64/, `${"0".repeat(64)}  k3s-1.0.0-arm64`));
  await machine.poll();
  expect(machine.problems).toEqual([
    expect.stringContaining("signature of"),
    expect.stringContaining("names k3s-1.0.0-arm64.raw, which has another hash"),
  ]);
});
