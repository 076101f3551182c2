/** The indexes of a folder, each with its signatures: what follows from the inventory, signed where there is a key. */
import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  formatSha256Sums,
  GLOBAL_INDEX,
  type IndexEntry,
  type IndexRequest,
  type Inventory,
  indexLocator,
  indexOf,
  type Locator,
  parseIndexRequest,
  parseSha256Sums,
  publicPath,
  type ReleaseManifest,
  withLinesOf,
} from "../../../schema/index.ts";
import { readDocument } from "../../system/read-document.ts";
import { writeText } from "../../system/work-dir.ts";
import { demandClockAfter } from "../clock.ts";
import { type GlobalOptions, nextGlobalIndex, SIGNATURE_SUFFIXES, type SigningPolicy } from "../index-signer.ts";
import type { BakeryFolder } from "./folder.ts";

interface Putting extends GlobalOptions {
  readonly inventory: Inventory;
  /** The release that is being published */
  readonly own: ReleaseManifest | undefined;
}

export class DirectoryIndexes {
  readonly #folder: BakeryFolder;
  readonly #signing: SigningPolicy | undefined;

  constructor(folder: BakeryFolder, signing: SigningPolicy | undefined) {
    this.#folder = folder;
    this.#signing = signing;
  }

  /** @returns public paths of what was changed */
  async put(inventory: Inventory, own?: ReleaseManifest, options: GlobalOptions = {}): Promise<string[]> {
    const { extension } = inventory;
    for (const at of [indexLocator(extension), GLOBAL_INDEX]) await this.#finishSwitch(at);
    if (this.#signing) demandClockAfter(inventory.releases.map(({ publishedAt }) => publishedAt));
    const lines = indexOf(inventory);
    const globalIndex = (await this.#folder.document(GLOBAL_INDEX, parseSha256Sums)) ?? [];
    const all = withLinesOf(extension, lines, globalIndex);
    return [
      ...(await this.#putIndex(indexLocator(extension), lines, { inventory, own })),
      ...(await this.#putIndex(GLOBAL_INDEX, all, { inventory, own, ...options })),
    ];
  }

  async #putIndex(at: Locator, lines: readonly IndexEntry[], putting: Putting): Promise<string[]> {
    const { inventory, own } = putting;
    const text = formatSha256Sums(lines);
    const last = await this.#last(at);
    const releases = inventory.releases.flatMap(({ version, signature }) => (signature ? [[version, signature]] : []));
    const state = { etag: null, text, last, signatures: Object.fromEntries(releases) };
    const next = await nextGlobalIndex(state, this.#signing, own, putting);
    if (next === undefined) return [];
    if (next.signatures.index !== undefined) await writeText(this.#switchOf(at), JSON.stringify(next));
    const written = await this.#switchTo(at, next);
    await rm(this.#switchOf(at), { force: true });
    return written;
  }

  /** The signatures first: between the two, machines that verify refuse the index, and take it a moment later. */
  async #switchTo(at: Locator, { text, signatures }: IndexRequest): Promise<string[]> {
    const written: string[] = [];
    for (const name of signatures.index === undefined ? [] : SIGNATURE_SUFFIXES) {
      const signatureAt = { ...at, file: at.file + name };
      await this.#folder.writeBytes(signatureAt, Buffer.from(signatures.index ?? "", "base64"));
      written.push(publicPath(signatureAt));
    }
    if (await this.#folder.write(at, text)) written.push(publicPath(at));
    return written;
  }

  /**
   * Goes on where a run before was killed between an index and its signature: of a pair that does not fit, nobody could
   * say any more which lines were signed.
   */
  async #finishSwitch(at: Locator): Promise<void> {
    const next = await readDocument(this.#switchOf(at), parseIndexRequest);
    if (next === undefined) return;
    await this.#switchTo(at, next);
    await rm(this.#switchOf(at), { force: true });
  }

  /** What an index and its signatures are about to be. */
  #switchOf(at: Locator): string {
    const index = this.#folder.pathOf(at);
    return join(dirname(index), `.${basename(index)}.next`);
  }

  async #last(at: Locator) {
    const text = await this.#folder.read(at);
    if (text === undefined) return null;
    const signature = await this.#folder.readBytes({ ...at, file: at.file + SIGNATURE_SUFFIXES[0] });
    const signatures = signature === undefined ? {} : { index: signature.toString("base64") };
    return { text, signatures, effectiveAt: new Date(0).toISOString() };
  }
}
