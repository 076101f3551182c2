/** Copies programs and folders to where they go in the image; symlinks come with what they lead to. */
import { posix } from "node:path";
import { UserError } from "../system/errors.ts";
import type { Copied } from "./copied.ts";
import { type EntryPath, isWithin } from "./entry-paths.ts";
import type { OutputTree } from "./output-tree.ts";
import { type Tree, type TreeEntry, targetOf } from "./tree.ts";

/** A regular file that was copied. */
export interface CopiedFile {
  readonly entry: TreeEntry;
  /** In the output. */
  readonly to: string;
  /** Asked for by its path, or what such a symlink leads to; else it came with a folder. */
  readonly isAskedFor: boolean;
}

interface Reason {
  readonly isAskedFor: boolean;
  /** Undefined for what comes with a folder. */
  readonly why?: string;
}

export class PathCopier {
  readonly copied: Copied[] = [];
  readonly files: CopiedFile[] = [];
  readonly warnings: string[] = [];
  /** Where things of the tree went, folders and symlinks too. */
  readonly places = new Map<string, string>();
  readonly #tree: Tree;
  readonly #output: OutputTree;
  readonly #entries: readonly EntryPath[];
  readonly #signal: AbortSignal | undefined;
  readonly #seen = new Set<string>();

  constructor(tree: Tree, output: OutputTree, entries: readonly EntryPath[], signal?: AbortSignal) {
    this.#tree = tree;
    this.#output = output;
    this.#entries = entries;
    this.#signal = signal;
  }

  /** @throws UserError for what is not in the tree, and for symlinks that lead to nothing or in a circle */
  async copyAll(): Promise<void> {
    for (const { from, to } of this.#entries) {
      const entry = await this.#tree.entry(from);
      if (entry === undefined) throw new UserError(`the tree has no /${from}`, { hint: "paths are those in the tree" });
      await this.#copy(entry, to, { isAskedFor: true, why: "asked for" });
    }
  }

  async #copy(entry: TreeEntry, to: string, { isAskedFor, why }: Reason): Promise<void> {
    this.#signal?.throwIfAborted();
    const key = `${entry.path}\0${to}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    if (why !== undefined) this.copied.push({ path: to, from: entry.path, why });
    if (!this.places.has(entry.path)) this.places.set(entry.path, to);
    switch (entry.kind) {
      case "folder":
        return this.#copyFolder(entry, to);
      case "file":
        return this.#copyFile(entry, to, isAskedFor);
      case "symlink":
        return this.#copySymlink(entry, to, isAskedFor);
      case "other":
        throw new UserError(`${entry.path} is neither file, folder nor symlink`, { hint: "an image cannot have it" });
    }
  }

  async #copyFolder(entry: TreeEntry, to: string): Promise<void> {
    await this.#output.folder(to);
    for (const name of await this.#tree.list(entry)) {
      const child = await this.#tree.entry(`${entry.path}/${name}`);
      if (child !== undefined) await this.#copy(child, `${to}/${name}`, { isAskedFor: false });
    }
  }

  async #copyFile(entry: TreeEntry, to: string, isAskedFor: boolean): Promise<void> {
    await this.#output.file(to, this.#tree.onDisk(entry.path), entry.stats.mode & 0o7777);
    this.files.push({ entry, to, isAskedFor });
  }

  async #copySymlink(link: TreeEntry, to: string, isAskedFor: boolean): Promise<void> {
    const target = link.target ?? "";
    // "Nothing here", as of a masked unit.
    if (target === "/dev/null") return this.#output.symlink(to, target);
    const end = await this.#tree.find(link.path);
    if (end === undefined) {
      throw new UserError(`/${link.path} leads to ${targetOf(link.path, target)}, which is not in the tree`, {
        hint: "add what has it to the tree; trees of unpacked packages lack what their scripts make, as alternatives",
      });
    }
    // The first step that an image can have.
    let step: TreeEntry | undefined = await this.#tree.next(link);
    while (step?.kind === "symlink" && this.#placeOf(step.path) === undefined) step = await this.#tree.next(step);
    const place = step && this.#placeOf(step.path);
    if (step !== undefined && place !== undefined) {
      await this.#output.symlinkTo(to, place);
      const comes = this.#entries.some(({ from }) => isWithin(step.path, from))
        ? {}
        : { why: `/${link.path} leads to it` };
      return this.#copy(step, place, { isAskedFor, ...comes });
    }
    if (end.kind !== "file") {
      throw new UserError(`/${link.path} leads to /${end.path}, which is not below /usr`, {
        hint: `say where that goes: /${end.path}:/usr/share/${posix.basename(end.path)}`,
      });
    }
    this.warnings.push(`/${to} is a copy of /${end.path}, to which it leads in the tree: an image has only /usr`);
    await this.#copyFile(end, to, isAskedFor);
  }

  /** Where a path of the tree is, or would be, in the image. */
  #placeOf(path: string): string | undefined {
    const asked = this.#entries
      .filter(({ from }) => isWithin(path, from))
      .sort((a, b) => b.from.length - a.from.length)[0];
    if (asked !== undefined) return `${asked.to}${path.slice(asked.from.length)}`;
    return path.startsWith("usr/") ? path : undefined;
  }
}
