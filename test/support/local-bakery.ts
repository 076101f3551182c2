/** A bakery on this machine for tests: the bundle of the worker is made once, and kept while nothing of it changes. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  bundleWorker,
  type LocalBakery,
  type LocalBakeryOptions,
  startLocalBakery,
} from "../../scripts/local-bakery.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUNDLES = join(ROOT, ".cache/worker");
/** All that the bundle depends on. */
const FILES = ["wrangler.toml", "package-lock.json", "tsconfig.base.json"];
const FOLDERS = ["worker", "schema"];

/** With any free port unless one is given, and nothing but its bucket to get files from. */
export async function localBakery(options: Partial<Omit<LocalBakeryOptions, "script">> = {}): Promise<LocalBakery> {
  const vars = { GITHUB_REPOSITORY: "", DOCS_URL: "", ...options.vars };
  return startLocalBakery({ port: 0, ...options, vars, script: await workerBundle() });
}

async function workerBundle(): Promise<string> {
  const path = join(BUNDLES, `${await digestOfSources()}.js`);
  const kept = await readFile(path, "utf8").catch(() => undefined);
  if (kept !== undefined) return kept;
  const script = await bundleWorker();
  await mkdir(BUNDLES, { recursive: true });
  // Another process may be at it too: none is to read half of a file.
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, script);
  await rename(partial, path);
  return script;
}

async function digestOfSources(): Promise<string> {
  const inFolders = await Promise.all(
    FOLDERS.map(async (folder) =>
      (await readdir(join(ROOT, folder), { recursive: true })).map((name) => join(folder, name)),
    ),
  );
  const hash = createHash("sha256");
  for (const file of [...FILES, ...inFolders.flat().sort()]) {
    const bytes = await readFile(join(ROOT, file)).catch(() => "");
    hash.update(`${file} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}
