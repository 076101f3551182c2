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

export interface IndexContext {
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
  const found = await indexText(metadata, context, expected);
  const last = keepsOthers || found?.problem === undefined ? found : undefined;
  const kept = keepsOthers ? unknownTo(inventory, entriesOf(last)) : [];
  const lines = [...indexOf(inventory), ...kept].toSorted((a, b) => newestFirst(versionOf(a), versionOf(b)));
  const index = await indexContents(metadata, { last, lines, inventory }, context);
  // An inventory has all of a bakery or does not exist: half of one would say that the others are not published.
  const isWhole = kept.length === 0 || metadata.find(INVENTORY_FILE) !== undefined;
  const next = isWhole ? [textContent(INVENTORY_FILE, formatInventory(inventory))] : [];
  return { lines, contents: [...next, ...index] };
}

export async function globalContents(
  metadata: Metadata,
  { lines: own, inventory }: { lines: readonly IndexEntry[]; inventory: Inventory },
  context: IndexContext,
): Promise<Content[]> {
  const last = await indexText(metadata, context, "");
  const lines = withLinesOf(inventory.extension, own, entriesOf(last));
  return indexContents(metadata, { last, lines, inventory }, context);
}

/** An index as it is there. */
interface IndexText {
  readonly text: string;
  readonly entries: readonly IndexEntry[];
  /** Why it is none */
  readonly problem?: UserError;
  /** One over this text by a key that counts, in base64 */
  readonly signature?: string;
}

async function indexText(
  metadata: Metadata,
  { signing }: IndexContext,
  expected: string,
): Promise<IndexText | undefined> {
  const isExpected = metadata.find(INDEX_FILE)?.digest === `sha256:${sha256Of(expected)}`;
  const text = isExpected ? expected : await metadata.read(INDEX_FILE);
  if (text === undefined) return undefined;
  const signature = signing && (await signatureOver(text, metadata, signing));
  return { text, ...parsedOrProblem(metadata.tag, text), ...(signature !== undefined && { signature }) };
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
function entriesOf(last: IndexText | undefined): readonly IndexEntry[] {
  if (last?.problem !== undefined) throw last.problem;
  return last?.entries ?? [];
}

/** What a bakery of others has beside its index may fit, or be anything. */
async function signatureOver(text: string, metadata: Metadata, { trusted }: SigningPolicy) {
  for (const file of SIGNATURE_FILES) {
    const signature = (await metadata.bytes(file))?.toString("base64");
    if (signature !== undefined && (await trusted.verify(text, signature).catch(() => false))) return signature;
  }
  return undefined;
}

interface Indexing {
  /** What is there; none: nothing */
  readonly last: IndexText | undefined;
  readonly lines: readonly IndexEntry[];
  readonly inventory: Inventory;
}

async function indexContents(
  metadata: Metadata,
  { last, lines, inventory }: Indexing,
  { signing, own }: IndexContext,
): Promise<Content[]> {
  if (signing === undefined && metadata.find(SIGNATURE_FILES[0]) !== undefined) {
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
