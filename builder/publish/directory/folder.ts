/** A folder that any web server can host: each file lies at its public path, and changes as a whole or not at all. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Locator, publicPath } from "../../../schema/index.ts";
import { measureFile } from "../../system/digest.ts";
import { errorCode } from "../../system/errors.ts";
import { withLock } from "../../system/lock.ts";
import { readDocument } from "../../system/read-document.ts";
import { writeAtomically, writeText } from "../../system/work-dir.ts";
import { changed } from "../publisher.ts";

export class BakeryFolder {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  pathOf(at: Locator): string {
    return join(this.root, publicPath(at));
  }

  /** One process at a time publishes into it; the others wait. */
  async locked<T>(work: () => Promise<T>): Promise<T> {
    await mkdir(this.root, { recursive: true });
    return withLock(join(this.root, ".publishing"), work);
  }

  /** @throws UserError naming the file, for one that is damaged */
  document<T>(at: Locator, parse: (text: string) => T): Promise<T | undefined> {
    return readDocument(this.pathOf(at), parse);
  }

  async read(at: Locator): Promise<string | undefined> {
    return (await this.readBytes(at))?.toString("utf8");
  }

  async readBytes(at: Locator): Promise<Buffer | undefined> {
    try {
      return await readFile(this.pathOf(at));
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /**
   * @param keep whether what is there stays as it is
   * @returns whether anything has changed
   */
  async write(at: Locator, text: string, keep = false): Promise<boolean> {
    const there = await this.read(at);
    if (there === text || (keep && there !== undefined)) return false;
    await writeText(this.pathOf(at), text);
    return true;
  }

  /** @returns whether anything has changed */
  async writeBytes(at: Locator, bytes: Uint8Array): Promise<boolean> {
    if ((await this.readBytes(at))?.equals(bytes)) return false;
    await mkdir(dirname(this.pathOf(at)), { recursive: true });
    await writeAtomically(this.pathOf(at), (partial) => writeFile(partial, bytes));
    return true;
  }

  /**
   * @returns whether anything has changed
   * @throws UserError where the file has another hash by now
   */
  async copy(from: string, at: Locator, sha256: string): Promise<boolean> {
    const target = this.pathOf(at);
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
}
