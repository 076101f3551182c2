/** A bakery in the state of a fault case. Each of the places where an index can be has another one. */
import { formatPublishedIndex, unsignedIndex } from "../../../schema/index.ts";
import type { Answer, FaultCase } from "../fault-cases.ts";
import { type Bakery, bakery } from "./bakery.ts";
import {
  IMAGE,
  IMAGE_KEY,
  IMAGE_PATH,
  INDEX_KEY,
  INDEX_PATH,
  INVENTORY_KEY,
  inventoryText,
  TRANSFER,
  TRANSFER_KEY,
  TRANSFER_PATH,
} from "./files.ts";
import { answering, type Fault, Github, garbage, hanging, late, REPOSITORY, unreachable } from "./github.ts";
import { type KvEntry, memoryBucket, memoryKv } from "./memory-storage.ts";
import { intercept } from "./storage.ts";

type Place = Extract<Answer, { status: 200 }>["from"];
type Surroundings = Pick<FaultCase, "kv" | "r2" | "github">;

const INVENTORY = inventoryText("kubernetes", "v1.32.2");
const DOWNLOADS = `https://github.com/${REPOSITORY}/releases/download/`;
const KV_KEY = "index/kubernetes";
const NOW = Date.now();
/** Of what does not hang: nobody waits for so long, on whichever machine. Milliseconds. */
export const LONG_PATIENCE = 30_000;
/** With a time to live of one minute: before the last two, and before the last one. */
const MEMORY_READ_AT = { "fresh copy": NOW, "old copy": NOW - 150_000 };
const KV_READ_AT = { "fresh copy": NOW, "old copy": NOW - 90_000 };

const INDEXES: Readonly<Record<Place, string>> = {
  memory: `${"1".repeat(64)}  kubernetes-v1.32.1-x86-64.raw\n`,
  KV: `${"2".repeat(64)}  kubernetes-v1.32.2-x86-64.raw\n`,
  R2: `${"3".repeat(64)}  kubernetes-v1.32.3-x86-64.raw\n`,
  GitHub: `${"4".repeat(64)}  kubernetes-v1.32.4-x86-64.raw\n`,
};
const PLACES = Object.keys(INDEXES) as Place[];

interface Requested {
  readonly path: string;
  /** Where GitHub has it, below its downloads */
  readonly download: string;
  /** The right bytes, of each place that has some */
  readonly bodies: Readonly<Partial<Record<Place, string>>>;
}

const REQUESTED: Readonly<Record<FaultCase["request"], Requested>> = {
  index: { path: INDEX_PATH, download: "kubernetes/SHA256SUMS", bodies: INDEXES },
  signature: {
    path: `${INDEX_PATH}.gpg`,
    download: "kubernetes/SHA256SUMS.gpg",
    bodies: Object.fromEntries(PLACES.map((place) => [place, signatureOf(place)])),
  },
  image: { path: IMAGE_PATH, download: IMAGE_KEY, bodies: { R2: IMAGE } },
  "transfer file": { path: TRANSFER_PATH, download: TRANSFER_KEY, bodies: { R2: TRANSFER } },
};

const GITHUB_FAULTS: Readonly<Partial<Record<FaultCase["github"], Fault>>> = {
  "has it, late": late(10),
  unreachable,
  hangs: hanging,
  "answers 403": answering(403),
  "answers 429": answering(429, { "retry-after": "60" }),
  "answers 500": answering(500),
  "sends garbage": garbage,
};

class World {
  readonly files = new Map<string, string>();
  readonly entries = new Map<string, KvEntry>();
  readonly bakery: Bakery;
  readonly #github = new Github();
  #faults: Partial<Surroundings> = {};
  #now: number;

  /** All is well and nothing is anywhere. Of what will hang, the patience is short. */
  constructor({ kv, r2, github }: Surroundings, now: number) {
    this.#now = now;
    const short = (state: string) => (state === "hangs" ? 50 : LONG_PATIENCE);
    const bucket = intercept(memoryBucket(this.files), () => suffer(this.#faults.r2));
    const copies = intercept(memoryKv(this.entries), () => suffer(this.#faults.kv));
    this.bakery = bakery(
      {
        BUCKET: r2 === "not bound" ? undefined : bucket,
        INDEX_KV: kv === "not bound" ? undefined : copies,
        GITHUB_REPOSITORY: github === "not configured" ? "" : REPOSITORY,
        DOCS_URL: "",
      },
      {
        now: () => this.#now,
        patience: { kv: short(kv), r2: short(r2), github: short(github), file: LONG_PATIENCE, webhook: LONG_PATIENCE },
        fetch: this.#github.fetch,
      },
    );
  }

  publish(origin: FaultCase["copies"], place: Place): void {
    if (origin === "of GitHub's") {
      this.#github.publishIndex(INDEXES[place]);
      return;
    }
    const index = unsignedIndex(INDEXES[place], new Date(0));
    Object.assign(index.generations[0] ?? {}, { signatures: { index: btoa(signatureOf(place)) } });
    this.files.set(INDEX_KEY, formatPublishedIndex(index));
  }

  /** Has the index read, so that there are copies. */
  async warm(): Promise<void> {
    const { status } = await this.bakery.fetch(INDEX_PATH);
    if (status !== 200) throw new Error(`the bakery does not start: ${status}`);
  }

  /** From now on it is as the case says, and the copies are all that is left of what was before. */
  enter({ r2, github, kv }: Surroundings, copyInKv: KvEntry | undefined): void {
    this.#now = NOW;
    this.files.clear();
    this.entries.clear();
    if (copyInKv !== undefined) this.entries.set(KV_KEY, copyInKv);
    if (r2 === "has it") {
      this.publish("of R2's", "R2");
      this.files.set(IMAGE_KEY, IMAGE).set(INVENTORY_KEY, INVENTORY).set(TRANSFER_KEY, TRANSFER);
    }
    this.#github.publishIndex(github === "has it not" ? undefined : INDEXES.GitHub);
    this.#github.fault = GITHUB_FAULTS[github];
    this.#faults = { r2, kv };
  }
}

export async function worldOf(at: FaultCase): Promise<Bakery> {
  const { memory, kv, copies } = at;
  const world = new World(at, memory === "nothing" ? NOW : MEMORY_READ_AT[memory]);
  if (memory !== "nothing") {
    world.publish(copies, "memory");
    await world.warm();
  }
  const hasCopy = kv === "fresh copy" || kv === "old copy";
  world.enter(at, hasCopy ? await copyInKv(copies, kv) : undefined);
  return world.bakery;
}

/** As another isolate has left it. */
async function copyInKv(copies: FaultCase["copies"], age: keyof typeof KV_READ_AT): Promise<KvEntry | undefined> {
  const another = new World({ kv: "nothing", r2: "has it not", github: "has it not" }, KV_READ_AT[age]);
  another.publish(copies, "KV");
  await another.warm();
  return another.entries.get(KV_KEY);
}

/** The answer of a bakery in the words of `answerText`; what is wrong with it is seen by being said. */
export async function observe({ fetch }: Bakery, request: FaultCase["request"]): Promise<string> {
  const { path, download, bodies } = REQUESTED[request];
  const { status, headers, ...response } = await answerOf(fetch, path);
  const location = headers.get("location");
  if (status === 200) return `200 from ${PLACES.find((place) => bodies[place] === response.text) ?? response.text}`;
  if (status === 302 && location !== DOWNLOADS + download) return `302 to ${location}`;
  if (status === 503 && !headers.has("retry-after")) return "503 without retry-after";
  if (status === 503 && headers.get("cache-control") !== "no-store") return "503 that may be cached";
  return String(status);
}

async function answerOf(fetch: Bakery["fetch"], path: string) {
  const response = await fetch(path);
  return { status: response.status, headers: response.headers, text: new TextDecoder().decode(await response.bytes()) };
}

function signatureOf(place: Place): string {
  return `signature of the index in ${place}`;
}

async function suffer(state: string | undefined): Promise<void> {
  if (state === "fails") throw new Error("internal error (10001)");
  if (state === "hangs") await new Promise(() => {});
}
