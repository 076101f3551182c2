/** What a tree must have for others to be mounted there, as long as they are, and no longer. */
import { mkdir, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode } from "../system/errors.ts";

export interface MountPoint {
  /** From the tree's root, with no symlinks. */
  readonly path: string;
  readonly kind: "folder" | "file";
}

export class MountPoints implements AsyncDisposable {
  readonly #made: { readonly path: string; readonly kind: MountPoint["kind"] }[] = [];

  /** Makes those that are missing. */
  static async make(tree: string, points: readonly MountPoint[]): Promise<MountPoints> {
    const made = new MountPoints();
    try {
      for (const { path, kind } of points) await made.#add(tree, path, kind);
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Takes away what was made, unless something was put there. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { path, kind } of this.#made.toReversed()) {
      const isEmpty = kind === "folder" || (await stat(path).catch(() => undefined))?.size === 0;
      if (isEmpty) await (kind === "folder" ? rmdir(path) : rm(path)).catch(() => {});
    }
  }

  async #add(tree: string, path: string, kind: MountPoint["kind"]): Promise<void> {
    const above = dirname(path);
    if (above !== "/") await this.#add(tree, above, "folder");
    const place = join(tree, path);
    try {
      await (kind === "folder" ? mkdir(place) : writeFile(place, "", { flag: "wx" }));
      this.#made.push({ path: place, kind });
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
}
