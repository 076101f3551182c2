/** What a publication costs does not grow with what is published: operations of storage, in bakeries of three sizes. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import {
  formatInventory,
  formatPublishedIndex,
  formatSha256Sums,
  type Inventory,
  indexOf,
  newestFirst,
  unsignedIndex,
} from "../../../schema/index.ts";
import { PublishingBakery, testRelease } from "../support/publishing.ts";
import { counting, emptyStorage } from "../support/storage.ts";

const DATE = "2026-01-17T03:04:05Z";

beforeEach(emptyStorage);

/** As many releases of one extension, which is the worst case: inventory and indexes have all of them. */
async function seed(releases: number): Promise<void> {
  const versions = Array.from({ length: releases }, (_, at) => `1.${Math.floor(at / 50)}.${at % 50}`).sort(newestFirst);
  const inventory: Inventory = {
    schemaVersion: 1,
    extension: "tool",
    releases: versions.map((version) => ({
      version,
      publishedAt: DATE,
      images: [{ arch: "x86-64", size: 1, sha256: "a".repeat(64) }],
    })),
  };
  const index = formatPublishedIndex(unsignedIndex(formatSha256Sums(indexOf(inventory)), new Date(DATE)));
  await env.BUCKET.put("tool/releases.json", formatInventory(inventory));
  await env.BUCKET.put("tool/index.json", index);
  await env.BUCKET.put("SHA256SUMS/index.json", index);
}

async function costOf(releases: number): Promise<{ operations: string[]; requests: number }> {
  await emptyStorage();
  await seed(releases);
  const [r2, kv] = [counting(env.BUCKET), counting(env.INDEX_KV)];
  const bakery = await PublishingBakery.open({
    BUCKET: r2.storage,
    INDEX_KV: kv.storage,
    INDEX_TTL_SECONDS: "60",
  });
  let requests = 0;
  const { fetch } = bakery.bakery;
  Object.assign(bakery.bakery, {
    fetch: (...args: Parameters<typeof fetch>) => {
      requests += 1;
      return fetch(...args);
    },
  });
  await bakery.publish(await testRelease("tool", "2.0.0"));
  expect((await bakery.state("tool")).body.last?.text).toContain("tool-2.0.0-arm64.raw");
  return { operations: [...r2.operations, ...kv.operations], requests };
}

test("one release into a bakery of 10, 1 000 and 10 000", async () => {
  const costs = [];
  for (const releases of [10, 1_000, 10_000]) costs.push({ releases, ...(await costOf(releases)) });
  const table = costs.map(({ releases, operations, requests }) => `${releases}: ${operations.length}, ${requests}`);
  console.info(`releases: operations of storage, requests\n${table.join("\n")}`);
  const [small, ...others] = costs;
  for (const { operations, requests } of others) {
    expect(operations).toEqual(small?.operations);
    expect(requests).toBe(small?.requests);
  }
  // None of them goes through the bucket but for the release's own draft.
  const lists = small?.operations.filter((operation) => operation.startsWith("list")) ?? [];
  expect(new Set(lists)).toEqual(new Set(["list .drafts/tool-2.0.0/"]));
  expect(small?.operations.length).toBeLessThan(60);
}, 60_000);
