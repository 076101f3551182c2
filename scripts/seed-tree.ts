/**
 * Puts a tree that the directory publisher made into R2 and KV, in the publisher's order: files, inventories, indexes.
 * Every file goes to the key that its public path stands for; what is there with the same bytes is left alone.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { measureFile } from "../builder/system/digest.ts";
import { UsageError, UserError } from "../builder/system/errors.ts";
import { type PublicPath, parsePublicPath, storageKey } from "../schema/index.ts";
import { formatIndexCopy, indexCopyKey, makeIndexCopy } from "../worker/index-copy.ts";
import type { LocalBucket, LocalKv } from "./local-bakery.ts";

interface TreeFile {
  readonly path: string;
  readonly target: PublicPath;
}

/** In this order a reader never finds a name whose file is not there yet. */
const ORDER: readonly PublicPath["kind"][] = [
  "image",
  "transfer",
  "release-manifest",
  "inventory",
  "index",
  "signature",
];

/** @returns the keys that were written */
export async function seedTree(tree: string, bucket: LocalBucket, kv: LocalKv): Promise<string[]> {
  const files = await filesOf(tree);
  const written: string[] = [];
  for (const kind of ORDER) {
    for (const { path, target } of files.filter((file) => file.target.kind === kind)) {
      const key = storageKey(target.at);
      if (await put(bucket, key, path)) written.push(key);
      if (kind === "index") await putCopy(kv, target, path);
    }
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

/** The worker would find the new index in R2 when its copy is too old; this spares clients the wait. */
async function putCopy(kv: LocalKv, { at }: PublicPath, path: string): Promise<void> {
  const copy = await makeIndexCopy(await readFile(path, "utf8"), (await stat(path)).mtime, Date.now());
  await kv.put(indexCopyKey(at), formatIndexCopy(copy));
}
