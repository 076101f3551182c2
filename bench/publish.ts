/**
 * `./scripts/with-node bench/publish.ts`: what publishing one release costs in bakeries of 10, 1 000 and 10 000
 * releases of the same extension, which is the worst case: inventory and indexes have all of them.
 *
 * The real worker in workerd, with the R2 and KV of miniflare, and the real publisher, which signs, proves, and sends
 * the same 4 MiB each time. Ratios are to the smallest bakery.
 */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { BakeryPublisher } from "../builder/publish/bakery.ts";
import { BakeryApi } from "../builder/publish/bakery-api.ts";
import { openRelease } from "../builder/publish/publisher.ts";
import { SigningKey } from "../builder/signing/signing-key.ts";
import { formatTable } from "../builder/system/format.ts";
import { progressOn } from "../builder/system/progress.ts";
import {
  formatInventory,
  formatPublishedIndex,
  formatSha256Sums,
  indexOf,
  newestFirst,
  unsignedIndex,
} from "../schema/index.ts";
import { writeRelease } from "../test/support/synthetic-release.ts";
import { bundle } from "./worker/contestants.ts";

const SIZES = [10, 1_000, 10_000];
const TOKEN = "bench";
const DATE = "2026-01-17T03:04:05Z";

/** Counts what the worker asks of R2 and KV. */
const COUNTING = `import worker from "./worker.js";
const methods = ["get", "getWithMetadata", "head", "put", "delete", "list"];
let operations = 0;
const counted = (storage) => new Proxy(storage, {
  get(target, name) {
    const member = Reflect.get(target, name);
    if (typeof member !== "function") return member;
    return (...args) => { if (methods.includes(name)) operations += 1; return member.apply(target, args); };
  },
});
let bindings;
export default {
  fetch(request, env, ctx) {
    if (request.url.endsWith("/operations")) return new Response(String(operations));
    bindings ??= { ...env, BUCKET: counted(env.BUCKET), INDEX_KV: counted(env.INDEX_KV) };
    return worker.fetch(request, bindings, ctx);
  },
};`;

interface Cost {
  readonly releases: number;
  readonly operations: number;
  readonly requests: number;
  readonly seconds: number;
}

async function costOf(releases: number, script: string, folder: string): Promise<Cost> {
  const bindings = { PUBLISH_TOKEN_SHA256: createHash("sha256").update(TOKEN).digest("hex"), INDEX_TTL_SECONDS: "0" };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: [
        { type: "ESModule", path: "main.js", contents: COUNTING },
        { type: "ESModule", path: "worker.js", contents: script },
      ],
      compatibilityDate: "2026-11-01",
      bindings,
      r2Buckets: ["BUCKET"],
      kvNamespaces: ["INDEX_KV"],
      host: "127.0.0.1",
      port: 0,
      cf: false,
      handleStructuredLogs: () => {},
    }),
  );
  try {
    const url = (await miniflare.ready).origin;
    const bucket = await miniflare.getR2Bucket("BUCKET");
    for (const [key, text] of seed(releases)) await bucket.put(key, text);
    const key = await SigningKey.open(await SigningKey.generate({ name: "bench", email: "bench@example.org" }));
    const api = new BakeryApi({ url, credentials: { token: async () => TOKEN } });
    const signing = { key, trusted: key.keyring, trustsBakery: true };
    const progress = progressOn({ write: () => {} });
    const publisher = new BakeryPublisher({ api, progress, signing, proves: true });
    const release = await openRelease(
      await writeRelease(join(folder, String(releases)), "tool", "2.0.0", { size: 2 * 1024 ** 2 }),
    );

    const operations = async () => Number(await (await fetch(`${url}/operations`)).text());
    const before = await operations();
    const requests = countRequests();
    const start = performance.now();
    await publisher.publish(release);
    const seconds = (performance.now() - start) / 1000;
    const asked = requests.stop();
    return { releases, operations: (await operations()) - before, requests: asked, seconds };
  } finally {
    await miniflare.dispose();
  }
}

function seed(count: number): [string, string][] {
  const versions = Array.from({ length: count }, (_, at) => `1.${Math.floor(at / 50)}.${at % 50}`).sort(newestFirst);
  const images = [{ arch: "x86-64" as const, size: 1, sha256: "a".repeat(64) }];
  const releases = versions.map((version) => ({ version, publishedAt: DATE, images }));
  const inventory = { schemaVersion: 1, extension: "tool", releases } as const;
  const index = formatPublishedIndex(unsignedIndex(formatSha256Sums(indexOf(inventory)), new Date(DATE)));
  return [
    ["tool/releases.json", formatInventory(inventory)],
    ["tool/index.json", index],
    ["SHA256SUMS/index.json", index],
  ];
}

function countRequests(): { stop(): number } {
  const real = globalThis.fetch;
  let count = 0;
  globalThis.fetch = (...args) => {
    count += 1;
    return real(...args);
  };
  return {
    stop() {
      globalThis.fetch = real;
      return count;
    },
  };
}

const folder = await mkdtemp(join(tmpdir(), "bench-publish-"));
try {
  const script = await readFile(await bundle(folder), "utf8");
  const costs: Cost[] = [];
  for (const releases of SIZES) costs.push(await costOf(releases, script, folder));
  const [smallest] = costs;
  const rows = costs.map(({ releases, operations, requests, seconds }) => [
    String(releases),
    String(operations),
    String(requests),
    `${seconds.toFixed(2)} s`,
    (seconds / (smallest?.seconds ?? seconds)).toFixed(1),
  ]);
  console.log(formatTable([["RELEASES", "STORAGE OPERATIONS", "HTTP REQUESTS", "TIME", "RATIO"], ...rows]));
} finally {
  await rm(folder, { recursive: true });
}
