/** Puts libraries where copied programs find them: in one folder, but for those that share a name and nothing else. */
import { readFile } from "node:fs/promises";
import type { Copied } from "./copied.ts";
import type { Library } from "./loader.ts";
import type { OutputTree } from "./output-tree.ts";
import type { Tree } from "./tree.ts";

/** A file of the tree that some process loads; `found` is where it was, by the name that it was asked for. */
export type Placeable = Pick<Library, "path" | "found">;

interface Placed {
  /** The file in the tree. */
  readonly real: string;
  readonly folder: string;
}

export class LibraryPlaces {
  readonly copied: Copied[] = [];
  /** Where files are in the output that were put here, by their paths in the tree. */
  readonly files = new Map<string, string>();
  readonly #tree: Tree;
  readonly #output: OutputTree;
  readonly #home: string;
  /** Where things are that were copied as they are. */
  readonly #places: ReadonlyMap<string, string>;
  readonly #byName = new Map<string, Placed[]>();
  #apart = 0;

  constructor(tree: Tree, output: OutputTree, home: string, places: ReadonlyMap<string, string>) {
    this.#tree = tree;
    this.#output = output;
    this.#home = home;
    this.#places = places;
  }

  /** @returns the folder in which the library is found by that name: one of its own if the name is taken */
  async put(name: string, library: Placeable, why: string): Promise<string> {
    const before = this.#byName.get(name) ?? [];
    for (const one of before) if (await this.#isSame(one.real, library.path)) return one.folder;
    const folder = before.length === 0 ? this.#home : `${this.#home}/apart-${++this.#apart}`;
    await this.putAt(`${folder}/${name}`, library, why);
    this.#byName.set(name, [...before, { real: library.path, folder }]);
    return folder;
  }

  /** Only one file: loaders know libraries by their inodes, and would load a second copy beside the first one. */
  async putAt(path: string, { path: real, found }: Placeable, why: string): Promise<void> {
    const there = this.files.get(real) ?? this.#places.get(found) ?? this.#places.get(real);
    if (there === path) return;
    if (there !== undefined) await this.#output.symlinkTo(path, there);
    else {
      const { stats } = (await this.#tree.entry(real)) ?? {};
      await this.#output.file(path, this.#tree.onDisk(real), (stats?.mode ?? 0o644) & 0o7777);
      this.files.set(real, path);
    }
    this.copied.push({ path, from: real, why });
  }

  async #isSame(one: string, other: string): Promise<boolean> {
    if (one === other) return true;
    const [a, b] = await Promise.all([one, other].map((path) => readFile(this.#tree.onDisk(path))));
    return a !== undefined && b !== undefined && a.equals(b);
  }
}
