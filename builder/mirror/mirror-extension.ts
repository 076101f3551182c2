/**
 * One extension in a mirror: files first, then the indexes that name them, so that every moment is a good one to be
 * killed in.
 */
import {
  formatSha256Sums,
  INVENTORY_FILE,
  type Inventory,
  indexLocator,
  minorSeries,
  parseInventory,
  parseSha256Sums,
  publicPath,
} from "../../schema/index.ts";
import { NotFoundError, UpstreamError, UserError, WrongContentError } from "../system/errors.ts";
import { inParallel } from "../system/in-parallel.ts";
import { inventoryOf, mirrorProfile, mirrorTransfers } from "./extension-files.ts";
import { type Fetched, imagePath, mirrorRelease, understood } from "./mirror-release.ts";
import type { ExtensionState, SignedIndex } from "./mirror-state.ts";
import { mirroredIndex, putIndex, type SignedBy } from "./mirrored-index.ts";
import type { Mirroring } from "./mirroring.ts";
import { choose, type ImageLine, imagesOf } from "./selection.ts";
import { NoIndexError } from "./upstream-bakery.ts";

export interface MirroredExtension {
  readonly extension: string;
  /** What the mirror's index names */
  readonly releases: number;
  readonly images: number;
  readonly fetched: Fetched;
  readonly signed: SignedBy;
  /** Whether the bakery said something new, or other things were chosen */
  readonly isNew: boolean;
}

/** Releases at once. */
const PARALLEL = 3;
/** As often an index may change while it is mirrored. */
const TRIES = 3;

const NOTHING: Fetched = { images: 0, bytes: 0 };

interface Indexes {
  readonly index: SignedIndex;
  readonly series: Readonly<Record<string, SignedIndex>>;
}

/**
 * @param isUnchanged somebody knows already that the index is what it was
 * @throws BakeryError where not all of it can be mirrored; the index stays as it was then
 */
export async function mirrorExtension(
  extension: string,
  world: Mirroring,
  isUnchanged: boolean,
): Promise<MirroredExtension> {
  const { memory, bakery } = world;
  const before = await memory.extension(extension);
  const path = publicPath(indexLocator(extension));
  let index = isUnchanged ? before?.index : await bakery.index(path, before?.index);
  for (let tries = 1; ; tries++) {
    if (index === undefined) throw noSuchExtension(extension, world, before);
    try {
      return await mirrorAs(extension, index, before, world);
    } catch (error) {
      const mayHaveChanged = error instanceof NotFoundError || error instanceof WrongContentError;
      if (!mayHaveChanged || tries === TRIES) throw error;
      // What an index named a moment ago may be gone with the index.
      const now = await bakery.index(path);
      if (now?.text === index.text) throw error;
      index = now;
    }
  }
}

/** Takes an extension out of the mirror; its files stay. */
export async function withdrawExtension(extension: string, { folder, memory }: Mirroring): Promise<void> {
  for (const name of await folder.list(`/extensions/${extension}`)) {
    const path = `/extensions/${extension}/${name}/SHA256SUMS`;
    if (await folder.has(path)) await putIndex(folder, path, { text: "" }, undefined);
  }
  await putIndex(folder, publicPath(indexLocator(extension)), { text: "" }, undefined);
  await memory.forgetExtension(extension);
}

async function mirrorAs(
  extension: string,
  index: SignedIndex,
  before: ExtensionState | undefined,
  world: Mirroring,
): Promise<MirroredExtension> {
  const { selection, ownUrl, memory, bakery } = world;
  const choice = JSON.stringify([selection, ownUrl]);
  const isNew = before === undefined || index !== before.index || choice !== before.choice;
  const images = choose(imagesOf(extension, parseSha256Sums(index.text)), selection);
  // Whoever mistypes a pattern loses nothing: what is here is withdrawn only if something else was chosen.
  if (images.length === 0) return { extension, releases: 0, images: 0, fetched: NOTHING, signed: "nobody", isNew };
  const series = isNew ? await readSeries(extension, { index, images, before }, world) : before.series;
  const inventoryPath = publicPath({ release: extension, file: INVENTORY_FILE });
  const inventoryBytes = isNew ? await bakery.read(inventoryPath) : undefined;
  const told = inventoryBytes && understood(inventoryBytes, parseInventory);
  const inventory = told?.extension === extension ? told : undefined;

  const known = { ...before, keepsTransfers: before?.choice === choice };
  const fetched = await mirrorReleases(extension, images, { ...known, inventory }, world);
  if (isNew) {
    await mirrorTransfers(extension, images, world);
    await mirrorProfile(extension, world);
  }
  if (inventory !== undefined) {
    const text = inventoryOf(inventory, images);
    await world.folder.write(inventoryPath, text === undefined ? (inventoryBytes ?? "") : text);
  }
  const signed = await putIndexes(extension, { index, series }, images, before, world);
  const versions = [...new Set(images.map(({ version }) => version))];
  if (isNew || fetched.images > 0) {
    const hashes = Object.fromEntries(images.map(({ file, sha256 }) => [file, sha256]));
    await memory.keepExtension(extension, { choice, index, series, images: hashes, releases: versions });
  }
  return { extension, releases: versions.length, images: images.length, fetched, signed, isNew };
}

interface Read {
  readonly index: SignedIndex;
  readonly images: readonly ImageLine[];
  readonly before: ExtensionState | undefined;
}

/** The indexes of minor series; none of a bakery that has no such. */
async function readSeries(extension: string, { index, images, before }: Read, { bakery }: Mirroring) {
  const found: Record<string, SignedIndex> = {};
  const all = imagesOf(extension, parseSha256Sums(index.text));
  const names = new Set(images.flatMap(({ version }) => minorSeries(version) ?? []));
  for (const name of names) {
    const path = seriesPath(extension, name);
    const read = await bakery.index(path, before?.series[name]).catch((error) => {
      // Some servers answer with a page where there is nothing.
      if (!(error instanceof NoIndexError) || before?.series[name] !== undefined) throw error;
    });
    if (!read) break;
    const own = all.filter(({ version }) => minorSeries(version) === name);
    if (formatSha256Sums(imagesOf(extension, parseSha256Sums(read.text))) !== formatSha256Sums(own)) {
      throw new WrongContentError(`${path} has other lines than the index of ${extension}`, {
        details: { bakery: bakery.url },
        hint: "somebody may have published just now: try again in a minute",
      });
    }
    found[name] = read;
  }
  return found;
}

interface Known extends Partial<Pick<ExtensionState, "images" | "releases">> {
  readonly keepsTransfers: boolean;
  readonly inventory: Inventory | undefined;
}

async function mirrorReleases(
  extension: string,
  images: readonly ImageLine[],
  { images: hashes = {}, releases = [], keepsTransfers, inventory }: Known,
  world: Mirroring,
): Promise<Fetched> {
  const done = new Set(keepsTransfers ? releases : []);
  const fetched = { images: 0, bytes: 0 };
  const sizesOf = (version: string) =>
    new Map(inventory?.releases.find((one) => one.version === version)?.images.map(({ arch, size }) => [arch, size]));
  const byVersion = [...Map.groupBy(images, ({ version }) => version)];
  await inParallel(byVersion, PARALLEL, async ([version, own]) => {
    const here = await Promise.all(
      own.map(async (image) => hashes[image.file] === image.sha256 && world.folder.has(imagePath(image))),
    );
    if (done.has(version) && here.every((one) => one)) return;
    const release = { extension, version, images: own, sizes: sizesOf(version), known: hashes, keepsTransfers };
    const { images: count, bytes } = await mirrorRelease(release, world);
    fetched.images += count;
    fetched.bytes += bytes;
  });
  return fetched;
}

async function putIndexes(
  extension: string,
  { index, series }: Indexes,
  images: readonly ImageLine[],
  before: ExtensionState | undefined,
  { folder, key }: Mirroring,
): Promise<SignedBy> {
  const has = new Set(images.map(({ file, sha256 }) => `${file} ${sha256}`));
  const isMirrored = ({ file, sha256 }: { file: string; sha256: string }) => has.has(`${file} ${sha256}`);
  for (const [name, of] of Object.entries(series)) {
    // Sub-folders of a static server have what lies in them, and nothing else.
    for (const image of images.filter(({ version }) => minorSeries(version) === name)) {
      await folder.link(imagePath(image), `/extensions/${extension}/${name}/${image.file}`);
    }
    await putIndex(folder, seriesPath(extension, name), mirroredIndex(of, isMirrored), key);
  }
  for (const name of Object.keys(before?.series ?? {})) {
    if (series[name] === undefined) await putIndex(folder, seriesPath(extension, name), { text: "" }, key);
  }
  return putIndex(folder, publicPath(indexLocator(extension)), mirroredIndex(index, isMirrored), key);
}

function seriesPath(extension: string, series: string): string {
  return `/extensions/${extension}/${series}/SHA256SUMS`;
}

function noSuchExtension(extension: string, { bakery }: Mirroring, before: ExtensionState | undefined): Error {
  const details = { bakery: bakery.url };
  if (before === undefined) {
    return new UserError(`the bakery has no extension ${extension}`, { details, hint: "is it spelt right?" });
  }
  return new UpstreamError(`the bakery has ${extension} no more`, {
    details,
    hint: "the mirror keeps what it has; to take it out, leave the extension out and add --prune",
  });
}
