/**
 * Publishes into a folder that any web server can host: each file lies at its public path.
 *
 * The order makes every moment a good one to be killed in: files, then the inventory, then the indexes that follow
 * from it. What is half done is not in an index, and the next publication of the extension mends it.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  addRelease,
  BUILD_LOG_FILE,
  EXTENSION_PROFILE_FILE,
  type ExtensionProfile,
  emptyInventory,
  formatExtensionProfile,
  formatInventory,
  formatReleaseContents,
  formatReleaseManifest,
  formatSha256Sums,
  GLOBAL_INDEX,
  INVENTORY_FILE,
  type IndexEntry,
  type IndexRequest,
  InvalidInput,
  type Inventory,
  indexLocator,
  indexOf,
  isSameRelease,
  KEYRINGS,
  keptProfile,
  type Locator,
  NOOP_TRANSFER,
  parseExtensionProfile,
  parseIndexRequest,
  parseInventory,
  parseReleaseManifest,
  parseSha256Sums,
  publicPath,
  RELEASE_CONTENTS_FILE,
  RELEASE_DOCUMENTS,
  RELEASE_MANIFEST_FILE,
  type Release,
  type ReleaseManifest,
  releaseName,
  withLinesOf,
} from "../../../schema/index.ts";
import { measureFile } from "../../system/digest.ts";
import { errorCode, UserError } from "../../system/errors.ts";
import { withLock } from "../../system/lock.ts";
import { readDocument } from "../../system/read-document.ts";
import { writeAtomically, writeText } from "../../system/work-dir.ts";
import { demandClockAfter } from "../clock.ts";
import { type GlobalOptions, nextGlobalIndex, releaseText, type SigningPolicy } from "../index-signer.ts";
import { changed, type Describer, type LocalRelease, type Published, type Publisher } from "../publisher.ts";

/** Names by which clients ask for signatures: 254 and 257 the first, 262 the second. */
export const SIGNATURE_SUFFIXES = [".gpg", ".sha256.asc"] as const;

interface Putting extends GlobalOptions {
  readonly inventory: Inventory;
  /** The release that is being published */
  readonly own: ReleaseManifest | undefined;
}

export class DirectoryPublisher implements Publisher, Describer {
  readonly #root: string;
  readonly #signing: SigningPolicy | undefined;

  /** @param signing none: indexes are not signed */
  constructor(root: string, signing?: SigningPolicy) {
    this.#root = root;
    this.#signing = signing;
  }

  async publish(release: LocalRelease): Promise<Published> {
    await mkdir(this.#root, { recursive: true });
    return withLock(join(this.#root, ".publishing"), () => this.#publishLocked(release));
  }

  /** @throws UserError where what is there is damaged */
  async describe(profile: ExtensionProfile): Promise<boolean> {
    await mkdir(this.#root, { recursive: true });
    await withLock(join(this.#root, ".publishing"), () => this.#writeProfile(profile));
    return (await this.#read(profileLocator(profile))) === formatExtensionProfile(profile);
  }

  async globalIndex(): Promise<string | undefined> {
    return this.#read(GLOBAL_INDEX);
  }

  /**
   * Puts the indexes that follow from the inventory.
   * @returns public paths of what was changed
   * @throws UserError where there is no such extension
   */
  async reindex(extension: string, options: GlobalOptions = {}): Promise<string[]> {
    const inventory = await readDocument(this.#pathOf({ release: extension, file: INVENTORY_FILE }), parseInventory);
    if (inventory === undefined) throw new UserError(`nothing is published of ${extension} in ${this.#root}`);
    return withLock(join(this.#root, ".publishing"), () => this.#putIndexes(inventory, undefined, options));
  }

  async #publishLocked({ folder, manifest, log, contents, profile }: LocalRelease): Promise<Published> {
    const { extension } = manifest;
    const name = releaseName(manifest);
    const inventoryAt = { release: extension, file: INVENTORY_FILE };
    // All that may be damaged is read before anything is written.
    const before = (await readDocument(this.#pathOf(inventoryAt), parseInventory)) ?? emptyInventory(extension);
    await readDocument(this.#pathOf(GLOBAL_INDEX), parseSha256Sums);
    const signature = await this.#signing?.key.sign(releaseText(manifest));
    const inventory = addRelease(before, manifest, { publishedAt: new Date(), signature });
    // A published release never changes; of one that was half published before a crash, the rest is no release yet.
    const keep = inventory === before;
    const standing = keep ? await this.#standing(manifest) : manifest;
    const isNewest = inventory.releases[0]?.version === manifest.version;
    const written: string[] = [];
    const note = async (at: Locator, wrote: Promise<boolean>) => {
      if (await wrote) written.push(publicPath(at));
    };

    for (const { file, sha256 } of manifest.images) {
      const at = { release: name, file };
      await note(at, this.#copy(join(folder, file), at, sha256));
    }
    for (const { file } of manifest.transfers) {
      const text = await readFile(join(folder, file), "utf8");
      await note({ release: name, file }, this.#write({ release: name, file }, text, keep));
      // The extension's own transfer files are those of its newest release.
      if (isNewest) await note({ release: extension, file }, this.#write({ release: extension, file }, text));
    }
    const manifestAt = manifestLocator(manifest);
    await note(manifestAt, this.#write(manifestAt, formatReleaseManifest(manifest), keep));
    for (const [file, format] of Object.entries(RELEASE_DOCUMENTS)) {
      await note({ release: name, file }, this.#write({ release: name, file }, format(standing)));
    }
    const logAt = { release: name, file: BUILD_LOG_FILE };
    if (log !== undefined) await note(logAt, this.#write(logAt, log, keep));
    const contentsAt = { release: name, file: RELEASE_CONTENTS_FILE };
    if (contents !== undefined) await note(contentsAt, this.#write(contentsAt, formatReleaseContents(contents), keep));
    if (profile !== undefined) await note(profileLocator(profile), this.#writeProfile(profile));
    const noopAt = { release: "noop", file: "noop.conf" };
    await note(noopAt, this.#write(noopAt, NOOP_TRANSFER));

    await note(inventoryAt, this.#write(inventoryAt, formatInventory(inventory)));
    const keyring = this.#signing?.trusted.bytes;
    if (keyring !== undefined) for (const at of KEYRINGS) await note(at, this.#writeBytes(at, keyring));
    written.push(...(await this.#putIndexes(inventory, manifest)));
    return { written };
  }

  async #putIndexes(inventory: Inventory, own?: ReleaseManifest, options: GlobalOptions = {}): Promise<string[]> {
    const { extension } = inventory;
    for (const at of [indexLocator(extension), GLOBAL_INDEX]) await this.#finishSwitch(at);
    if (this.#signing) demandClockAfter(inventory.releases.map(({ publishedAt }) => publishedAt));
    const lines = indexOf(inventory);
    const globalIndex = (await readDocument(this.#pathOf(GLOBAL_INDEX), parseSha256Sums)) ?? [];
    const all = withLinesOf(extension, lines, globalIndex);
    return [
      ...(await this.#putIndex(indexLocator(extension), lines, { inventory, own })),
      ...(await this.#putIndex(GLOBAL_INDEX, all, { inventory, own, ...options })),
    ];
  }

  async #putIndex(at: Locator, lines: readonly IndexEntry[], putting: Putting): Promise<string[]> {
    const { inventory, own } = putting;
    const text = formatSha256Sums(lines);
    const last = await this.#lastIndex(at);
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
      await this.#writeBytes(signatureAt, Buffer.from(signatures.index ?? "", "base64"));
      written.push(publicPath(signatureAt));
    }
    if (await this.#write(at, text)) written.push(publicPath(at));
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
    const index = this.#pathOf(at);
    return join(dirname(index), `.${basename(index)}.next`);
  }

  async #lastIndex(at: Locator) {
    const text = await this.#read(at);
    if (text === undefined) return null;
    const signature = await this.#readBytes({ ...at, file: at.file + SIGNATURE_SUFFIXES[0] });
    const signatures = signature === undefined ? {} : { index: signature.toString("base64") };
    return { text, signatures, effectiveAt: new Date(0).toISOString() };
  }

  /**
   * The manifest of a release that is published. Images are held against the inventory; transfer files are in the
   * manifest only.
   */
  async #standing(manifest: ReleaseManifest): Promise<ReleaseManifest> {
    const published = await readDocument(this.#pathOf(manifestLocator(manifest)), parseReleaseManifest);
    if (published === undefined || isSameRelease(published, manifest)) return published ?? manifest;
    throw new InvalidInput("release", `${releaseName(manifest)} is published already, with other files`);
  }

  async #copy(from: string, at: Locator, sha256: string): Promise<boolean> {
    const target = this.#pathOf(at);
    const there = await measureFile(target).catch(() => undefined);
    if (there?.sha256 === sha256) return false;
    await mkdir(dirname(target), { recursive: true });
    await writeAtomically(target, async (partial) => {
      await copyFile(from, partial);
      // What was right when the release was opened may have been baked anew since; the index must not name it.
      const copied = await measureFile(partial);
      if (copied.sha256 !== sha256) throw changed(basename(from), sha256, copied.sha256);
    });
    return true;
  }

  /** That of a newer version stays. */
  async #writeProfile(profile: ExtensionProfile): Promise<boolean> {
    const at = profileLocator(profile);
    const there = await readDocument(this.#pathOf(at), parseExtensionProfile);
    return this.#write(at, formatExtensionProfile(keptProfile(there, profile)));
  }

  /** @param keep whether what is there stays as it is */
  async #write(at: Locator, text: string, keep = false): Promise<boolean> {
    const there = await this.#read(at);
    if (there === text || (keep && there !== undefined)) return false;
    await writeText(this.#pathOf(at), text);
    return true;
  }

  async #writeBytes(at: Locator, bytes: Uint8Array): Promise<boolean> {
    if ((await this.#readBytes(at))?.equals(bytes)) return false;
    await mkdir(dirname(this.#pathOf(at)), { recursive: true });
    await writeAtomically(this.#pathOf(at), (partial) => writeFile(partial, bytes));
    return true;
  }

  async #read(at: Locator): Promise<string | undefined> {
    return (await this.#readBytes(at))?.toString("utf8");
  }

  async #readBytes(at: Locator): Promise<Buffer | undefined> {
    try {
      return await readFile(this.#pathOf(at));
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  #pathOf(at: Locator): string {
    return join(this.#root, publicPath(at));
  }
}

function profileLocator({ extension }: ExtensionProfile): Locator {
  return { release: extension, file: EXTENSION_PROFILE_FILE };
}

function manifestLocator(release: Release): Locator {
  return { release: releaseName(release), file: RELEASE_MANIFEST_FILE };
}
