/**
 * A distribution's tree on disk, in which paths lead as they would if it were the root: never out of it, whatever its
 * symlinks say. path_resolution(7)
 */
import type { Stats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, UserError } from "../system/errors.ts";

/** Something in the tree, at a path that leads through no symlink. */
export interface TreeEntry {
  /** From the tree's root, `usr/bin/tool`; the root itself is `""`. */
  readonly path: string;
  readonly kind: "file" | "folder" | "symlink" | "other";
  readonly stats: Stats;
  /** Of a symlink: as it stands in it. */
  readonly target?: string;
}

/** As many as the kernel follows: path_resolution(7), ELOOP. */
const MAX_SYMLINKS = 40;

export class Tree {
  readonly #root: string;
  readonly #entries = new Map<string, Promise<TreeEntry | undefined>>();

  private constructor(root: string) {
    this.#root = root;
  }

  /** @throws UserError if it is no folder */
  static async open(root: string): Promise<Tree> {
    const stats = await lstat(root).catch(() => undefined);
    if (!stats?.isDirectory())
      throw new UserError(`no such folder: ${root}`, { hint: "give the root of a distribution's tree" });
    return new Tree(root);
  }

  onDisk(path: string): string {
    return join(this.#root, path);
  }

  /** What is at a path, with symlinks followed to the end; undefined where nothing is. */
  async find(path: string): Promise<TreeEntry | undefined> {
    return this.#walk(path, true);
  }

  /** The same, but a symlink at the end is not followed. */
  async entry(path: string): Promise<TreeEntry | undefined> {
    return this.#walk(path, false);
  }

  /** What a symlink leads to, one step on. */
  async next({ path, target = "" }: TreeEntry): Promise<TreeEntry | undefined> {
    return this.entry(targetOf(path, target));
  }

  /** Names in the order of their code units. */
  async list({ path }: TreeEntry): Promise<string[]> {
    const names = (await readdir(this.onDisk(path))).sort();
    const odd = names.find((name) => name.includes("\ufffd"));
    if (odd !== undefined) throw new UserError(`a name in ${path} is not UTF-8: ${odd}`);
    return names;
  }

  async #walk(path: string, toTheEnd: boolean): Promise<TreeEntry | undefined> {
    const waiting = namesIn(path).reverse();
    let reached: string[] = [];
    let found = await this.#look("");
    let followed = 0;
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (name === "..") {
        reached.pop();
        found = await this.#look(reached.join("/"));
        continue;
      }
      reached.push(name);
      found = await this.#look(reached.join("/"));
      if (found === undefined) return undefined;
      const isLast = waiting.length === 0;
      if (found.kind === "symlink" && (toTheEnd || !isLast)) {
        if (++followed > MAX_SYMLINKS) {
          throw new UserError(`/${namesIn(path).join("/")} leads round in a circle`, {
            details: { symlink: found.path, target: found.target ?? "" },
          });
        }
        reached = found.target?.startsWith("/") ? [] : reached.slice(0, -1);
        waiting.push(...namesIn(found.target ?? "").reverse());
        found = await this.#look(reached.join("/"));
      } else if (found.kind !== "folder" && !isLast) return undefined;
    }
    return found;
  }

  #look(path: string): Promise<TreeEntry | undefined> {
    const before = this.#entries.get(path);
    if (before !== undefined) return before;
    const looking = this.#read(path);
    this.#entries.set(path, looking);
    return looking;
  }

  async #read(path: string): Promise<TreeEntry | undefined> {
    const stats = await lstat(this.onDisk(path)).catch((error: unknown) => {
      if (["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes(errorCode(error) ?? "")) return undefined;
      throw error;
    });
    if (stats === undefined) return undefined;
    if (stats.isSymbolicLink()) return { path, kind: "symlink", stats, target: await readlink(this.onDisk(path)) };
    const kind = stats.isDirectory() ? "folder" : stats.isFile() ? "file" : "other";
    return { path, kind, stats };
  }
}

/** The path that a symlink means, from the root; it may still lead through others. */
export function targetOf(path: string, target: string): string {
  return target.startsWith("/") ? target : `${path.slice(0, path.lastIndexOf("/") + 1)}${target}`;
}

export function namesIn(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
