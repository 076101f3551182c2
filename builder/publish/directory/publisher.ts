/**
 * Publishes into a folder that any web server can host: each file lies at its public path.
 *
 * The order makes every moment a good one to be killed in: files, then the inventory, then the indexes that follow
 * from it, then feeds. What is half done is not in an index, and the next publication of the extension mends it.
 */
import {
  addRelease,
  type ExtensionProfile,
  emptyInventory,
  formatExtensionProfile,
  formatInventory,
  GLOBAL_INDEX,
  INVENTORY_FILE,
  type Inventory,
  KEYRINGS,
  type Locator,
  parseInventory,
  parseSha256Sums,
  publicPath,
} from "../../../schema/index.ts";
import { UserError } from "../../system/errors.ts";
import { type GlobalOptions, releaseText, type SigningPolicy } from "../index-signer.ts";
import type { Describer, LocalRelease, Published, Publisher } from "../publisher.ts";
import { putFeeds, readRecent } from "./feeds.ts";
import { BakeryFolder } from "./folder.ts";
import { DirectoryIndexes } from "./indexes.ts";
import { profileLocator, putProfile, putReleaseFiles } from "./release-files.ts";

export class DirectoryPublisher implements Publisher, Describer {
  readonly #folder: BakeryFolder;
  readonly #signing: SigningPolicy | undefined;
  readonly #indexes: DirectoryIndexes;

  /** @param signing none: indexes are not signed */
  constructor(root: string, signing?: SigningPolicy) {
    this.#folder = new BakeryFolder(root);
    this.#signing = signing;
    this.#indexes = new DirectoryIndexes(this.#folder, signing);
  }

  async publish(release: LocalRelease): Promise<Published> {
    return this.#folder.locked(() => this.#publish(release));
  }

  /** @throws UserError where what is there is damaged */
  async describe(profile: ExtensionProfile): Promise<boolean> {
    await this.#folder.locked(() => putProfile(this.#folder, profile));
    return (await this.#folder.read(profileLocator(profile))) === formatExtensionProfile(profile);
  }

  async globalIndex(): Promise<string | undefined> {
    return this.#folder.read(GLOBAL_INDEX);
  }

  /**
   * Puts the indexes and the feeds that follow from the inventory.
   * @returns public paths of what was changed
   * @throws UserError where there is no such extension
   */
  async reindex(extension: string, options: GlobalOptions = {}): Promise<string[]> {
    const inventory = await this.#inventory(extension);
    if (inventory === undefined) throw new UserError(`nothing is published of ${extension} in ${this.#folder.root}`);
    return this.#folder.locked(async () => [
      ...(await this.#indexes.put(inventory, undefined, options)),
      ...(await putFeeds(this.#folder, inventory)),
    ]);
  }

  async #publish(release: LocalRelease): Promise<Published> {
    const { manifest } = release;
    const { extension, version } = manifest;
    // All that may be damaged is read before anything is written.
    const before = (await this.#inventory(extension)) ?? emptyInventory(extension);
    await this.#folder.document(GLOBAL_INDEX, parseSha256Sums);
    await readRecent(this.#folder);
    const signature = await this.#signing?.key.sign(releaseText(manifest));
    const inventory = addRelease(before, manifest, { publishedAt: new Date(), signature });
    const written = await putReleaseFiles(this.#folder, release, {
      // A published release never changes; of one that was half published before a crash, the rest is no release yet.
      isPublished: inventory === before,
      isNewest: inventory.releases[0]?.version === version,
    });
    const note = async (at: Locator, wrote: Promise<boolean>) => {
      if (await wrote) written.push(publicPath(at));
    };
    const inventoryAt = inventoryLocator(extension);
    await note(inventoryAt, this.#folder.write(inventoryAt, formatInventory(inventory)));
    const keyring = this.#signing?.trusted.bytes;
    if (keyring !== undefined) for (const at of KEYRINGS) await note(at, this.#folder.writeBytes(at, keyring));
    written.push(...(await this.#indexes.put(inventory, manifest)));
    written.push(...(await putFeeds(this.#folder, inventory)));
    return { written };
  }

  #inventory(extension: string): Promise<Inventory | undefined> {
    return this.#folder.document(inventoryLocator(extension), parseInventory);
  }
}

function inventoryLocator(extension: string): Locator {
  return { release: extension, file: INVENTORY_FILE };
}
