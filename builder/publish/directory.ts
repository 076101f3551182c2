/**
 * Publishes into a folder that any web server can host: each file lies at its public path.
 *
 * The order makes every moment a good one to be killed in: files, then the inventory, then the indexes that follow
 * from it. What is half done is not in an index, and the next publication of the extension mends it.
 */
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  addRelease,
  emptyInventory,
  formatInventory,
  formatReleaseManifest,
  formatSha256Sums,
  GLOBAL_INDEX,
  INVENTORY_FILE,
  indexLocator,
  indexOf,
  type Locator,
  NOOP_TRANSFER,
  parseInventory,
  parseSha256Sums,
  publicPath,
  RELEASE_MANIFEST_FILE,
  releaseName,
  withLinesOf,
} from "../../schema/index.ts";
import { measureFile } from "../system/digest.ts";
import { errorCode } from "../system/errors.ts";
import { withLock } from "../system/lock.ts";
import { readDocument } from "../system/read-document.ts";
import { writeAtomically, writeText } from "../system/work-dir.ts";
import { changed, type LocalRelease, type Published, type Publisher } from "./publisher.ts";

export class DirectoryPublisher implements Publisher {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async publish(release: LocalRelease): Promise<Published> {
    await mkdir(this.#root, { recursive: true });
    return withLock(join(this.#root, ".publishing"), () => this.#publishLocked(release));
  }

  async #publishLocked({ folder, manifest }: LocalRelease): Promise<Published> {
    const { extension } = manifest;
    const name = releaseName(manifest);
    const inventoryAt = { release: extension, file: INVENTORY_FILE };
    // All that may be damaged is read before anything is written.
    const before = (await readDocument(this.#pathOf(inventoryAt), parseInventory)) ?? emptyInventory(extension);
    const globalIndex = (await readDocument(this.#pathOf(GLOBAL_INDEX), parseSha256Sums)) ?? [];
    const inventory = addRelease(before, manifest, { publishedAt: new Date() });
    const isNewest = inventory.releases[0]?.version === manifest.version;
    // A published release never changes; of one that was half published before a crash, the rest is no release yet.
    const keep = inventory === before;
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
    const manifestAt = { release: name, file: RELEASE_MANIFEST_FILE };
    await note(manifestAt, this.#write(manifestAt, formatReleaseManifest(manifest), keep));
    const noopAt = { release: "noop", file: "noop.conf" };
    await note(noopAt, this.#write(noopAt, NOOP_TRANSFER));

    await note(inventoryAt, this.#write(inventoryAt, formatInventory(inventory)));
    const lines = indexOf(inventory);
    const indexAt = indexLocator(extension);
    await note(indexAt, this.#write(indexAt, formatSha256Sums(lines)));
    const all = withLinesOf(extension, lines, globalIndex);
    await note(GLOBAL_INDEX, this.#write(GLOBAL_INDEX, formatSha256Sums(all)));
    return { written };
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

  /** @param keep whether what is there stays as it is */
  async #write(at: Locator, text: string, keep = false): Promise<boolean> {
    const there = await this.#read(at);
    if (there === text || (keep && there !== undefined)) return false;
    await writeText(this.#pathOf(at), text);
    return true;
  }

  async #read(at: Locator): Promise<string | undefined> {
    try {
      return await readFile(this.#pathOf(at), "utf8");
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  #pathOf(at: Locator): string {
    return join(this.#root, publicPath(at));
  }
}
