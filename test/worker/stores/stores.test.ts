/** The stores, held against their contract. */
import { env } from "cloudflare:workers";
import { NOOP_TRANSFER } from "../../../schema/index.ts";
import { IndexCache } from "../../../worker/indexes/index-cache.ts";
import { IndexFiles } from "../../../worker/indexes/index-files.ts";
import { KvCopies } from "../../../worker/indexes/kv-copies.ts";
import { R2Origin } from "../../../worker/indexes/r2-origin.ts";
import { BuiltInStore } from "../../../worker/stores/built-in-store.ts";
import { firstOf } from "../../../worker/stores/first-of.ts";
import { R2Store } from "../../../worker/stores/r2-store.ts";
import type { Store } from "../../../worker/stores/store.ts";
import { IMAGE, IMAGE_KEY, INDEX, putFile, putIndex } from "../support/files.ts";
import { storeContract } from "./store.contract.ts";

const image = { release: "kubernetes-v1.32.2", file: "kubernetes-v1.32.2-x86-64.raw" };
const index = { release: "kubernetes", file: "SHA256SUMS" };
const noop = { release: "noop", file: "noop.conf" };
const { BUCKET: bucket, INDEX_KV: kv } = env;

storeContract("R2Store", async () => {
  await putFile(bucket, IMAGE_KEY, IMAGE);
  return { store: new R2Store(bucket, 1_000), at: image, text: IMAGE };
});

storeContract("BuiltInStore", async () => ({ store: new BuiltInStore(), at: noop, text: NOOP_TRANSFER }));

const now = Date.now;
const indexFiles = (copies: KvCopies | undefined): Store => {
  const cache = new IndexCache({ origin: new R2Origin(bucket, 1_000), copies, ttlSeconds: 60, now });
  const files = new IndexFiles({ cache, github: undefined, now });
  return { open: (at, request) => files.openIndex({ kind: "index", at }, request) };
};

storeContract("IndexFiles", async () => {
  await putIndex(bucket, INDEX);
  return { store: indexFiles(new KvCopies({ kv, patience: 1_000, now })), at: index, text: INDEX };
});

storeContract("IndexFiles without KV", async () => {
  await putIndex(bucket, INDEX);
  return { store: indexFiles(undefined), at: index, text: INDEX };
});

storeContract("firstOf", async () => {
  await putFile(bucket, IMAGE_KEY, IMAGE);
  return { store: firstOf(undefined, new BuiltInStore(), new R2Store(bucket, 1_000)), at: image, text: IMAGE };
});
