/** The stores, held against their contract. */
import { env } from "cloudflare:workers";
import { NOOP_TRANSFER } from "../../../schema/index.ts";
import { IndexCache } from "../../../worker/index-cache.ts";
import { BuiltInStore } from "../../../worker/stores/built-in-store.ts";
import { firstOf } from "../../../worker/stores/first-of.ts";
import { R2Store } from "../../../worker/stores/r2-store.ts";
import { IMAGE, IMAGE_KEY, INDEX, INDEX_KEY, putFile } from "../support/files.ts";
import { storeContract } from "./store.contract.ts";

const image = { release: "kubernetes-v1.32.2", file: "kubernetes-v1.32.2-x86-64.raw" };
const index = { release: "kubernetes", file: "SHA256SUMS" };
const noop = { release: "noop", file: "noop.conf" };
const { BUCKET: bucket, INDEX_KV: kv } = env;

storeContract("R2Store", async () => {
  await putFile(bucket, IMAGE_KEY, IMAGE);
  return { store: new R2Store(bucket), at: image, text: IMAGE };
});

storeContract("BuiltInStore", async () => ({ store: new BuiltInStore(), at: noop, text: NOOP_TRANSFER }));

storeContract("IndexCache", async () => {
  await putFile(bucket, INDEX_KEY, INDEX);
  return { store: new IndexCache({ bucket, kv, ttlSeconds: 60, now: Date.now }), at: index, text: INDEX };
});

storeContract("IndexCache without KV", async () => {
  await putFile(bucket, INDEX_KEY, INDEX);
  const store = new IndexCache({ bucket, kv: undefined, ttlSeconds: 60, now: Date.now });
  return { store, at: index, text: INDEX };
});

storeContract("firstOf", async () => {
  await putFile(bucket, IMAGE_KEY, IMAGE);
  return { store: firstOf(undefined, new BuiltInStore(), new R2Store(bucket)), at: image, text: IMAGE };
});
