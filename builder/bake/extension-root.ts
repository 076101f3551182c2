/**
 * The tree that becomes an image. All writing goes through here: paths are relative and stay inside, also where an
 * archive has brought a symlink that leads out.
 */
import { constants } from "node:fs";
import { chmod, copyFile, cp, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { errorCode, UserError } from "../system/errors.ts";

export class ExtensionRoot {
  /** Where the tree is on this machine. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async write(path: string, text: string, { executable = false } = {}): Promise<void> {
    const target = await this.#prepare(path);
    await writeFile(target, text, { mode: executable ? 0o755 : 0o644 });
  }

  /** Puts a file from outside at `path`, executable. */
  async install(from: string, path: string): Promise<void> {
    const target = await this.#prepare(path);
    // The same blocks on disk where the file system can share them, else a copy.
    await copyFile(from, target, constants.COPYFILE_FICLONE);
    await chmod(target, 0o755);
  }

  async symlink(path: string, to: string): Promise<void> {
    await symlink(to, await this.#prepare(path));
  }

  /** @throws UserError where there is nothing to remove */
  async remove(path: string): Promise<void> {
    await rm(await this.#existing(path), { recursive: true });
  }

  /** @throws UserError where the text does not occur: upstream has changed its file */
  async replace(path: string, from: string, to: string): Promise<void> {
    const target = await this.#existing(path);
    // A symlink could lead to a file of this machine, which is not ours to write.
    if (!(await lstat(target)).isFile()) throw new UserError(`${path} is no file`);
    const text = await readFile(target, "utf8");
    if (!text.includes(from)) throw new UserError(`nothing to replace in ${path}`, { details: { text: from } });
    await writeFile(target, text.replaceAll(from, to));
  }

  /** Copies a folder's content over the tree; symlinks stay symlinks. */
  async copyFolder(from: string): Promise<void> {
    await cp(from, this.path, { recursive: true, verbatimSymlinks: true });
  }

  /** A folder to unpack into; made if need be. */
  async folder(path: string): Promise<string> {
    const target = await this.#inside(path);
    // A symlink would lead the files elsewhere.
    if ((await lstatIfThere(target))?.isDirectory() === false) throw new UserError(`${path} is no folder`);
    await mkdir(target, { recursive: true });
    return target;
  }

  /** What is there, itself: a symlink is not followed. */
  async has(path: string): Promise<boolean> {
    return (await lstatIfThere(await this.#inside(path))) !== undefined;
  }

  /** Names in a folder, sorted; none where it is not there. Without a path: at the top. */
  async names(path?: string): Promise<string[]> {
    const target = path === undefined ? this.path : await this.#inside(path);
    return (await lstatIfThere(target))?.isDirectory() ? (await readdir(target)).sort() : [];
  }

  async isFolder(path: string): Promise<boolean> {
    return (await lstatIfThere(await this.#inside(path)))?.isDirectory() ?? false;
  }

  /** A place to write to: its folder made, what stood there gone, so that no symlink there is written through. */
  async #prepare(path: string): Promise<string> {
    const target = await this.#inside(path);
    await mkdir(dirname(target), { recursive: true });
    if (await this.isFolder(path)) throw new UserError(`${path} is a folder already`);
    await rm(target, { force: true });
    return target;
  }

  async #existing(path: string): Promise<string> {
    const target = await this.#inside(path);
    if ((await lstatIfThere(target)) === undefined) throw new UserError(`the image has no ${path}`);
    return target;
  }

  /** @throws UserError for a path that is absolute, goes up, or leads through a symlink */
  async #inside(path: string): Promise<string> {
    const normal = posix.normalize(path).replace(/\/$/, "");
    if (posix.isAbsolute(path) || normal === "." || normal.split("/").includes("..")) {
      throw new UserError(`not a path inside the image: ${path}`, { hint: "write it without a slash at the front" });
    }
    const folders = normal.split("/").slice(0, -1);
    for (let depth = 1; depth <= folders.length; depth++) {
      const folder = folders.slice(0, depth).join("/");
      const found = await lstatIfThere(join(this.path, folder));
      if (found?.isSymbolicLink()) throw new UserError(`${path} leads through the symlink ${folder}`);
    }
    return join(this.path, normal);
  }
}

async function lstatIfThere(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
