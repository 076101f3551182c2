/** The folder of a mirror: files at their public paths, each of which is there whole or not at all. */
import { copyFile, link, mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "../system/errors.ts";
import { OWNER } from "../system/owner.ts";
import { flush, sweep, writeAtomically } from "../system/work-dir.ts";

/** File systems and their borders have no hard links: link(2). */
const NO_LINKS: readonly (string | undefined)[] = ["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP"];

export class MirrorFolder {
  readonly root: string;
  /** What was put where it was not before: public paths. */
  readonly written = new Set<string>();

  constructor(root: string) {
    this.root = root;
  }

  /** @param path public */
  at(path: string): string {
    return join(this.root, path);
  }

  async read(path: string): Promise<Buffer | undefined> {
    return readFile(this.at(path)).catch(absent);
  }

  async has(path: string): Promise<boolean> {
    return (await stat(this.at(path)).catch(absent))?.isFile() ?? false;
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    if ((await this.read(path))?.equals(Buffer.from(content))) return;
    await mkdir(dirname(this.at(path)), { recursive: true });
    await writeAtomically(this.at(path), (partial) => writeFile(partial, content));
    this.written.add(path);
  }

  /**
   * Files of one folder that belong together. All are on disk before the first one gets its name, so that the time in
   * which some are old and some are new is as short as it can be.
   * @param files in the order in which they change; without content: to be removed
   */
  async writeTogether(files: readonly { path: string; content: string | Uint8Array | undefined }[]): Promise<void> {
    const changes = [];
    for (const { path, content } of files) {
      const there = await this.read(path);
      const isSame = content === undefined ? there === undefined : there?.equals(Buffer.from(content));
      if (!isSame) changes.push({ path, content, to: this.at(path), partial: partialOf(this.at(path)) });
    }
    const [first] = changes;
    if (first === undefined) return;
    await mkdir(dirname(first.to), { recursive: true });
    await sweep(dirname(first.to), PARTIAL);
    for (const { content, partial } of changes) {
      if (content === undefined) continue;
      await writeFile(partial, content);
      await flush(partial);
    }
    for (const { content, partial, to } of changes) await (content === undefined ? rm(to) : rename(partial, to));
    await flush(dirname(first.to));
    for (const { path } of changes) this.written.add(path);
  }

  /** Puts a file under another path too, without another copy of its bytes where the file system can. */
  async link(from: string, to: string): Promise<void> {
    const [source, target] = [await stat(this.at(from)), await stat(this.at(to)).catch(absent)];
    if (target?.ino === source.ino || (target?.size === source.size && target.mtimeMs >= source.mtimeMs)) return;
    await mkdir(dirname(this.at(to)), { recursive: true });
    await writeAtomically(this.at(to), async (partial) => {
      await link(this.at(from), partial).catch((error) => {
        if (!NO_LINKS.includes(errorCode(error))) throw error;
        return copyFile(this.at(from), partial);
      });
    });
  }

  /** @param path that of a folder; names in it, none where it is not there */
  async list(path: string): Promise<string[]> {
    return (await readdir(this.at(path)).catch(absent)) ?? [];
  }

  async remove(path: string): Promise<void> {
    await rm(this.at(path), { force: true });
  }

  /** A folder, if nothing is in it. */
  async removeEmpty(path: string): Promise<void> {
    await rmdir(this.at(path)).catch((error) => {
      if (!["ENOTEMPTY", "EEXIST", "ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) throw error;
    });
  }
}

const PARTIAL = /^\..+\.partial-(?<owner>[A-Za-z0-9]*\.[0-9]+)$/;

function partialOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.partial-${OWNER}`);
}

function absent(error: unknown): undefined {
  const code = errorCode(error);
  if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "EISDIR") throw error;
}
