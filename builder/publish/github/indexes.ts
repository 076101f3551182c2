/**
 * What the metadata releases are to say, from what they say and what is published: inventory, indexes, signatures.
 * Lines that no inventory knows, as those of a bakery that others have filled, stay.
 */
import {
  emptyInventory,
  findRelease,
  formatInventory,
  formatSha256Sums,
  INDEX_FILE,
  INVENTORY_FILE,
  type IndexEntry,
  type IndexRequest,
  InvalidInput,
  type Inventory,
  indexOf,
  newestFirst,
  parseImageFile,
  parseInventory,
  parseSha256Sums,
  type ReleaseManifest,
  withLinesOf,
} from "../../../schema/index.ts";
import { sha256Of } from "../../system/digest.ts";
import { UserError } from "../../system/errors.ts";
import { nextGlobalIndex, type SigningPolicy } from "../index-signer.ts";
import { type Content, SIGNATURE_FILES, signatureContents, textContent } from "./contents.ts";
import type { Metadata } from "./metadata.ts";
import type { GithubReleases } from "./releases.ts";

export interface IndexContext {
  readonly releases: GithubReleases;
  readonly signing: SigningPolicy | undefined;
  /** The release that is being published */
  readonly own?: ReleaseManifest | undefined;
}

/** @throws UserError for one that is damaged */
export async function inventoryIn(metadata: Metadata): Promise<Inventory> {
  const text = await metadata.read(INVENTORY_FILE);
  return text === undefined
    ? emptyInventory(metadata.tag)
    : parsed(metadata.tag, INVENTORY_FILE, () => parseInventory(text));
}

/**
 * @param before the inventory as it is there
 * @param inventory as it is to be
 * @param keepsOthers whether lines of versions stay that the inventory does not know
 */
export async function extensionContents(
  metadata: Metadata,
  { before, inventory, keepsOthers }: { before: Inventory; inventory: Inventory; keepsOthers: boolean },
  context: IndexContext,
): Promise<{ lines: IndexEntry[]; contents: Content[] }> {
  // Nearly always it says what follows from the inventory, and need not be read.
  const expected = before.releases.length === 0 ? "" : formatSha256Sums(indexOf(before));
  const all = await indexTexts(metadata, context, expected);
  const texts = keepsOthers ? all : all.filter(({ problem }) => problem === undefined);
  const kept = keepsOthers ? unknownTo(inventory, entriesOf(texts)) : [];
  const lines = [...indexOf(inventory), ...kept].toSorted((a, b) => newestFirst(versionOf(a), versionOf(b)));
  const index = await indexContents(metadata, { texts, lines, inventory }, context);
  // An inventory has all of a bakery or does not exist: half of one would say that the others are not published.
  const isWhole = kept.length === 0 || metadata.find(INVENTORY_FILE).length > 0;
  const next = isWhole ? [textContent(INVENTORY_FILE, formatInventory(inventory))] : [];
  return { lines, contents: [...next, ...index] };
}

export async function globalContents(
  metadata: Metadata,
  { lines: own, inventory }: { lines: readonly IndexEntry[]; inventory: Inventory },
  context: IndexContext,
): Promise<Content[]> {
  const texts = await indexTexts(metadata, context, "");
  const lines = withLinesOf(inventory.extension, own, entriesOf(texts));
  return indexContents(metadata, { texts, lines, inventory }, context);
}

/** An index as it is there, or as it was to be. */
interface IndexText {
  readonly text: string;
  readonly entries: readonly IndexEntry[];
  /** Why it is none */
  readonly problem?: UserError;
  /** One over this text by a key that counts, in base64 */
  readonly signature?: string;
}

/** The one that counts; where a killed run has left only some that were to take its place, one that is signed is first. */
async function indexTexts(metadata: Metadata, { releases, signing }: IndexContext, expected: string) {
  const texts: IndexText[] = [];
  const signatures = SIGNATURE_FILES.flatMap((file) => metadata.findAll(file));
  for (const asset of metadata.find(INDEX_FILE)) {
    const isExpected = asset.digest === `sha256:${sha256Of(expected)}`;
    const text = isExpected ? expected : (await releases.bytesOf(asset)).toString("utf8");
    const entries = parsedOrProblem(metadata.tag, text);
    const signature = signing && (await signatureOver(text, signatures, releases, signing));
    texts.push({ text, ...entries, ...(signature !== undefined && { signature }) });
  }
  return texts.toSorted((a, b) => Number(b.signature !== undefined) - Number(a.signature !== undefined));
}

function parsedOrProblem(tag: string, text: string): Pick<IndexText, "entries" | "problem"> {
  try {
    return { entries: parsed(tag, INDEX_FILE, () => parseSha256Sums(text)) };
  } catch (problem) {
    if (problem instanceof UserError) return { entries: [], problem };
    throw problem;
  }
}

/** @throws UserError for an index that is damaged */
function entriesOf([first]: readonly IndexText[]): readonly IndexEntry[] {
  if (first?.problem !== undefined) throw first.problem;
  return first?.entries ?? [];
}

/** Who is killed between index and signature leaves a pair that does not fit; the one that does is beside it. */
async function signatureOver(
  text: string,
  assets: ReturnType<Metadata["findAll"]>,
  releases: GithubReleases,
  { trusted }: SigningPolicy,
): Promise<string | undefined> {
  const seen = new Set<unknown>();
  for (const asset of assets) {
    if (asset.digest && seen.has(asset.digest)) continue;
    seen.add(asset.digest);
    const signature = (await releases.bytesOf(asset)).toString("base64");
    if (await trusted.verify(text, signature).catch(() => false)) return signature;
  }
  return undefined;
}

interface Indexing {
  readonly texts: readonly IndexText[];
  readonly lines: readonly IndexEntry[];
  readonly inventory: Inventory;
}

async function indexContents(
  metadata: Metadata,
  { texts: [last], lines, inventory }: Indexing,
  { signing, own }: IndexContext,
): Promise<Content[]> {
  if (signing === undefined && metadata.find(SIGNATURE_FILES[0]).length > 0) {
    throw new UserError(`the index ${metadata.tag} is signed, and there is no key to sign the next one with`, {
      hint: "set BAKERY_SIGNING_KEY",
    });
  }
  const text = formatSha256Sums(lines);
  const releases = inventory.releases.flatMap(({ version, signature }) => (signature ? [[version, signature]] : []));
  const state = {
    etag: null,
    text,
    last: last === undefined ? null : requestOf(last),
    signatures: Object.fromEntries(releases),
  };
  const next = await nextGlobalIndex(state, signing, own);
  const signature = next === undefined ? last?.signature : next.signatures.index;
  // The index first: who wins it puts the signatures, and nobody else touches them.
  return [textContent(INDEX_FILE, text), ...signatureContents(signature)];
}

function requestOf({ text, signature }: IndexText): IndexRequest & { effectiveAt: string } {
  const signatures = signature === undefined ? {} : { index: signature };
  return { text, signatures, effectiveAt: new Date(0).toISOString() };
}

function unknownTo(inventory: Inventory, entries: readonly IndexEntry[]): IndexEntry[] {
  return entries.filter((entry) => findRelease(inventory, versionOf(entry)) === undefined);
}

function versionOf({ file }: IndexEntry): string {
  return parseImageFile(file)?.version ?? "";
}

function parsed<T>(tag: string, file: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof InvalidInput)) throw cause;
    throw new UserError(cause.message, {
      details: { asset: `${tag}/${file}` },
      hint: "nothing was changed; ./bakery reindex makes an extension's metadata anew",
      cause,
    });
  }
}
