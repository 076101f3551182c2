/**
 * Puts a tree that the directory publisher made into R2 and KV, in the publisher's order: files, inventories, indexes.
 * Every file goes to the key that its public path stands for; what is there with the same bytes is left alone.
 */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { measureFile } from "../builder/system/digest.ts";
import { UsageError, UserError } from "../builder/system/errors.ts";
import {
  formatPublishedIndex,
  generationAt,
  type Locator,
  PUBLISHED_INDEX_FILE,
  type PublicPath,
  parsePublicPath,
  parsePublishedIndex,
  storageKey,
  succeed,
} from "../schema/index.ts";
import { formatIndexCopy, indexCopyKey, makeIndexCopy } from "../worker/indexes/index-copy.ts";
import type { LocalBucket, LocalKv } from "./local-bakery.ts";

interface TreeFile {
  readonly path: string;
  readonly target: PublicPath;
}

/** In this order a reader never finds a name whose file is not there yet. Indexes follow, with their signatures. */
const ORDER: readonly PublicPath["kind"][] = ["image", "transfer", "release-manifest", "inventory"];

/** @returns the keys that were written */
export async function seedTree(tree: string, bucket: LocalBucket, kv: LocalKv): Promise<string[]> {
  const files = await filesOf(tree);
  const written: string[] = [];
  for (const kind of ORDER) {
    for (const { path, target } of files.filter((file) => file.target.kind === kind)) {
      const key = storageKey(target.at);
      if (await put(bucket, key, path)) written.push(key);
    }
  }
  for (const { path, target } of files.filter((file) => file.target.kind === "index")) {
    const signature = files.find(({ path: other }) => other === `${path}.gpg`);
    const key = await putIndex(bucket, kv, target.at, path, signature?.path);
    if (key !== undefined) written.push(key);
  }
  return written;
}

async function filesOf(tree: string): Promise<TreeFile[]> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true }).catch((cause) => {
    throw new UsageError(`cannot read the tree ${tree}`, { hint: "./bakery publish --to makes one", cause });
  });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const publicPath = `/${relative(tree, path)}`;
      const target = parsePublicPath(publicPath);
      if (target === undefined) throw new UserError(`no file of a bakery: ${publicPath}`, { details: { tree } });
      return { path, target };
    });
}

async function put(bucket: LocalBucket, key: string, path: string): Promise<boolean> {
  const { sha256 } = await measureFile(path);
  const there = await bucket.head(key);
  if (there?.checksums.toJSON().sha256 === sha256) return false;
  await bucket.put(key, await readFile(path), { sha256 });
  return true;
}

/** Effective at once; and in KV too, which spares clients the time until the worker looks again. */
async function putIndex(bucket: LocalBucket, kv: LocalKv, { release }: Locator, path: string, signaturePath?: string) {
  const key = storageKey({ release, file: PUBLISHED_INDEX_FILE });
  const there = await bucket.get(key);
  const before = there === null ? undefined : parsePublishedIndex(await there.text());
  const text = await readFile(path, "utf8");
  const signatures = signaturePath === undefined ? {} : { index: await readFile(signaturePath, "base64") };
  const now = new Date();
  const current = before && generationAt(before, now.getTime());
  if (current?.text === text && current.signatures.index === signatures.index) return undefined;

  const index = succeed(before, { text, signatures }, { now, settleSeconds: 0 });
  const { etag } = await bucket.put(key, formatPublishedIndex(parsePublishedIndex(index)));
  const copy = makeIndexCopy(index, { origin: "r2", etag }, now.getTime());
  const { value, metadata } = await formatIndexCopy(copy, now.getTime());
  await kv.put(indexCopyKey(release), value, { metadata });
  return key;
}
