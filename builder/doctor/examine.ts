/** Finds out whether what a bakery says is true: index, inventory, manifests, images, signatures, and what is told of them. */
import {
  DRAFT_EXPIRY_SECONDS,
  formatSha256Sums,
  GLOBAL_INDEX,
  INVENTORY_FILE,
  type Inventory,
  indexLocator,
  indexOf,
  isBestBefore,
  isListed,
  parseImageFile,
  parseInventory,
  parseReleaseManifest,
  parseSha256Sums,
  publicPath,
  RELEASE_MANIFEST_FILE,
  releaseName,
} from "../../schema/index.ts";
import type { Keyring } from "../signing/keyring.ts";
import type { Progress } from "../system/progress.ts";
import { examineContents, examineProfile } from "./descriptions.ts";
import { datesDiffer, examineDate } from "./freshness.ts";
import type { Source } from "./source.ts";

export interface Problem {
  readonly path: string;
  readonly problem: string;
}

export interface Findings {
  readonly extensions: number;
  readonly images: number;
  readonly rows: readonly {
    extension: string;
    releases: number;
    images: number;
    signed: "yes" | "no" | "not checked";
    /** The day from which on machines refuse its index */
    bestBefore?: string | undefined;
  }[];
  readonly problems: readonly Problem[];
}

export interface ExamineOptions {
  /** None: signatures are not looked at */
  readonly keyring: Keyring | undefined;
  /** Whether images are read, or only asked for */
  readonly whole: boolean;
  readonly progress: Progress;
  readonly now: Date;
}

export async function examine(source: Source, options: ExamineOptions): Promise<Findings> {
  const problems: Problem[] = [];
  const rows: Findings["rows"][number][] = [];
  const globalPath = publicPath(GLOBAL_INDEX);
  const all = await parsed(source, globalPath, readIndex, problems);
  await examineSignature(source, globalPath, all, options, problems);
  const bestBefore = await examineDate(source, globalPath, all, options.now, problems);

  const lines = all === undefined ? [] : parseSha256Sums(all);
  const names = [
    ...new Set(lines.map(({ file }) => parseImageFile(file)?.extension).filter((name) => name !== undefined)),
  ];
  const bar = options.progress.transfer("extensions", names.length);
  for (const extension of names) {
    const own = formatSha256Sums(lines.filter(({ file }) => parseImageFile(file)?.extension === extension));
    const row = await examineExtension(extension, own, source, options, problems);
    rows.push(row);
    const differs = datesDiffer(row.bestBefore, bestBefore);
    if (differs !== undefined) problems.push({ path: publicPath(indexLocator(extension)), problem: differs });
    bar.advance(1);
  }
  bar.end();
  return { extensions: rows.length, images: rows.reduce((sum, { images }) => sum + images, 0), rows, problems };
}

async function examineExtension(
  extension: string,
  inGlobal: string,
  source: Source,
  options: ExamineOptions,
  problems: Problem[],
): Promise<Findings["rows"][number]> {
  const path = publicPath(indexLocator(extension));
  const index = await parsed(source, path, readIndex, problems);
  const bestBefore = await examineDate(source, path, index, options.now, problems);
  const entries = index === undefined ? [] : parseSha256Sums(index);
  const lines = entries.filter((entry) => !isBestBefore(entry));
  const undated = formatSha256Sums(lines);
  if (index !== undefined && undated !== inGlobal)
    problems.push({ path, problem: "has other lines than the global index" });
  const signed = await examineSignature(source, path, index, options, problems);
  const inventory = await inventoryOf(extension, source, problems);
  if (inventory !== undefined && index !== undefined && formatSha256Sums(indexOf(inventory)) !== undated) {
    problems.push({ path, problem: "is not what follows from the inventory: ./bakery reindex" });
  }

  for (const { file, sha256 } of lines) {
    const image = parseImageFile(file);
    const imagePath = publicPath({ release: image ? releaseName(image) : extension, file });
    const actual = await source.sha256(imagePath, options.whole);
    if (actual === undefined) problems.push({ path: imagePath, problem: "is named by an index, and not there" });
    else if (actual !== sha256) problems.push({ path: imagePath, problem: `has the hash ${actual}, not ${sha256}` });
  }
  for (const { version, usedAt } of (await source.drafts?.(extension)) ?? []) {
    if (options.now.getTime() - Date.parse(usedAt) < DRAFT_EXPIRY_SECONDS * 1000) continue;
    problems.push({
      path: releaseName({ extension, version }),
      problem: `is a draft that nobody has used since ${usedAt}`,
    });
  }
  const listed = inventory?.releases.filter(isListed) ?? [];
  for (const release of listed) await examineManifest(extension, release, source, problems);
  await examineProfile(extension, source, problems);
  return { extension, releases: listed.length, images: lines.length, signed, ...(bestBefore && { bestBefore }) };
}

async function examineManifest(
  extension: string,
  { version, images }: Inventory["releases"][number],
  source: Source,
  problems: Problem[],
): Promise<void> {
  const path = publicPath({ release: releaseName({ extension, version }), file: RELEASE_MANIFEST_FILE });
  const manifest = await parsed(source, path, parseReleaseManifest, problems);
  if (manifest === undefined) return;
  const hashes = (list: readonly { arch: string; sha256: string }[]) =>
    new Set(list.map(({ arch, sha256 }) => `${arch} ${sha256}`));
  // Of a mirror that has one architecture, manifests tell of both.
  if (!hashes(images).isSubsetOf(hashes(manifest.images))) {
    problems.push({ path, problem: "has other images than the inventory" });
  }
  await examineContents(manifest, source, problems);
}

async function inventoryOf(extension: string, source: Source, problems: Problem[]): Promise<Inventory | undefined> {
  return parsed(source, publicPath({ release: extension, file: INVENTORY_FILE }), parseInventory, problems);
}

/** The text as it is, if clients read it. */
function readIndex(text: string): string {
  parseSha256Sums(text);
  return text;
}

async function parsed<T>(source: Source, path: string, parse: (text: string) => T, problems: Problem[]) {
  const text = (await source.read(path))?.toString();
  try {
    if (text !== undefined) return parse(text);
    problems.push({ path, problem: "is not there" });
  } catch (error) {
    problems.push({ path, problem: error instanceof Error ? error.message : String(error) });
  }
  return undefined;
}

async function examineSignature(
  source: Source,
  path: string,
  text: string | undefined,
  { keyring }: ExamineOptions,
  problems: Problem[],
): Promise<"yes" | "no" | "not checked"> {
  const signature = await source.read(`${path}.gpg`);
  if (keyring === undefined) return signature === undefined ? "no" : "not checked";
  if (text === undefined) return "no";
  const isGood = signature !== undefined && (await keyring.verify(text, signature.toString("base64")));
  if (!isGood)
    problems.push({ path: `${path}.gpg`, problem: signature === undefined ? "is not there" : "is not good" });
  return isGood ? "yes" : "no";
}
