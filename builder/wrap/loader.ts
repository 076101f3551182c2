/** Finds libraries as a tree's own dynamic loader would, without running it: ld.so(8) */
import { posix } from "node:path";
import type { Arch } from "../../schema/index.ts";
import { machineName, runsOn } from "../image/elf.ts";
import { UserError } from "../system/errors.ts";
import { type Dynamic, type ElfFile, readElfFile } from "./elf-dynamic.ts";
import { expandFolder, type LibraryFolders } from "./library-folders.ts";
import { namesIn, type Tree, type TreeEntry } from "./tree.ts";

/** A file that a loader has in its hands. */
export interface Loaded {
  /** Where it really is, in the tree. */
  readonly path: string;
  /** The folder that `$ORIGIN` means: where it was found, which may be a symlink to the file. */
  readonly origin: string;
  readonly dynamic: Dynamic;
}

export interface Library extends Loaded {
  /** Where it was found: its folder really, its name as it was asked for. */
  readonly found: string;
}

/** Which library each name meant, for each file of a process by its path. */
export type Resolved = Map<string, ReadonlyMap<string, Library>>;

/** Names of libraries that musl's loader is itself: `ldso/dynlink.c`, `load_library`. */
const IN_MUSL = /^lib(?:c|pthread|rt|m|dl|util|xnet)\./;

interface Link {
  readonly file: Loaded;
  /** Who had it loaded. */
  readonly by?: Link;
}

export class Loader {
  readonly #tree: Tree;
  readonly #arch: Arch;
  readonly #folders: LibraryFolders;
  readonly #itselves: Library[] = [];
  readonly #files = new Map<string, Promise<ElfFile | undefined>>();

  constructor(tree: Tree, arch: Arch, folders: LibraryFolders) {
    this.#tree = tree;
    this.#arch = arch;
    this.#folders = folders;
  }

  /**
   * All that is loaded for a file: breadth first, and of each name once in a process, as loaders do.
   * @param already what is loaded before, where it is a module of other programs: their libraries are asked last
   * @throws MissingLibrary
   */
  async load(file: Loaded, already: ReadonlyMap<string, Library> = new Map()): Promise<Resolved> {
    const resolved: Resolved = new Map();
    const names = new Map<string, Library>();
    const waiting: Link[] = [{ file }];
    for (const link of waiting) {
      if (resolved.has(link.file.path)) continue;
      const needs = new Map<string, Library>();
      for (const name of link.file.dynamic.needed) {
        const library = names.get(name) ?? this.#itself(name) ?? (await this.#search(name, link, already));
        needs.set(name, library);
        names.set(name, library);
        if (library.dynamic.soname !== undefined && !names.has(library.dynamic.soname))
          names.set(library.dynamic.soname, library);
        waiting.push({ file: library, by: link });
      }
      resolved.set(link.file.path, needs);
    }
    return resolved;
  }

  /** Tells it of the interpreters: they are in every process before anything is loaded. */
  start(interpreter: Library): void {
    this.#itselves.push(interpreter);
  }

  /** A library by its name alone, in the loader's own folders, or by its path. */
  async library(name: string, neededBy: string): Promise<Library> {
    const found = await this.find(name);
    if (found !== undefined) return found;
    throw missing(name, neededBy, this.#sharedFolders);
  }

  /** As `library`, or undefined. */
  async find(name: string): Promise<Library | undefined> {
    return name.includes("/")
      ? await this.#in(posix.dirname(name), posix.basename(name))
      : await this.#firstOf(this.#sharedFolders, name);
  }

  /** The folders that a file's own rpath means. */
  ownFolders({ dynamic, origin }: Loaded): string[] {
    const folders = dynamic.runpath.length > 0 ? dynamic.runpath : dynamic.rpath;
    return folders.flatMap((folder) => expandFolder(folder, `/${origin}`, this.#arch));
  }

  async #search(name: string, link: Link, already: ReadonlyMap<string, Library>): Promise<Library> {
    if (name.includes("/")) {
      throw new UserError(`${link.file.path} needs a library by its path: ${name}`, {
        hint: "flatwrap it, which keeps paths",
      });
    }
    const folders = this.#foldersOf(link);
    const found = (await this.#firstOf(folders, name)) ?? already.get(name);
    if (found === undefined) throw missing(name, link.file.path, folders);
    return found;
  }

  /** Which every program's loader searches. */
  get #sharedFolders(): string[] {
    return [...this.#folders.configured, ...this.#folders.standard];
  }

  /** What is the loader by another name. */
  #itself(name: string): Library | undefined {
    return this.#itselves.find(({ found, dynamic }) => {
      const own = posix.basename(found);
      return name === own || name === dynamic.soname || (own.startsWith("ld-musl-") && IN_MUSL.test(name));
    });
  }

  /** In the order in which they are searched. */
  #foldersOf(link: Link): string[] {
    const { dynamic } = link.file;
    const inherited: string[] = [];
    // DT_RPATH counts for all that comes by way of it, but for files that have DT_RUNPATH.
    for (let one: Link | undefined = dynamic.runpath.length > 0 ? undefined : link; one !== undefined; one = one.by) {
      if (one.file.dynamic.runpath.length === 0) inherited.push(...this.ownFolders(one.file));
    }
    const own = dynamic.runpath.length > 0 ? this.ownFolders(link.file) : [];
    const { configured, standard } = this.#folders;
    const rest = dynamic.noDefaultFolders
      ? configured.filter((one) => !standard.includes(one))
      : [...configured, ...standard];
    return [...new Set([...inherited, ...own, ...rest].map((folder) => `/${namesIn(folder).join("/")}`))];
  }

  async #firstOf(folders: readonly string[], name: string): Promise<Library | undefined> {
    for (const folder of folders) {
      const found = await this.#in(folder, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #in(folder: string, name: string): Promise<Library | undefined> {
    const place = await this.#tree.find(folder);
    if (place?.kind !== "folder") return undefined;
    const found = place.path === "" ? name : `${place.path}/${name}`;
    const entry = await this.#tree.find(found);
    if (entry?.kind !== "file") return undefined;
    const elf = await this.elf(entry);
    if (elf === undefined)
      throw new UserError(`${found} is no library`, { hint: "it may be a linker's script, of a -dev package" });
    // Loaders pass over what is for other machines, and look on.
    if (!runsOn(elf, this.#arch)) return undefined;
    if (elf.dynamic === undefined) throw new UserError(`${found} is no dynamic library`);
    return { path: entry.path, found, origin: place.path, dynamic: elf.dynamic };
  }

  /** What an ELF file says, read once. */
  async elf({ path }: TreeEntry): Promise<ElfFile | undefined> {
    const reading = this.#files.get(path) ?? readElfFile(this.#tree.onDisk(path), path);
    this.#files.set(path, reading);
    return reading;
  }
}

/** A library that is nowhere where it is looked for. */
export class MissingLibrary extends UserError {}

function missing(name: string, neededBy: string, folders: readonly string[]): MissingLibrary {
  return new MissingLibrary(`${name} is not in the tree`, {
    details: { "needed by": neededBy, "looked in": folders.join(" ") },
    hint: "add the package that has it to the tree",
  });
}

/** @throws UserError for a file of another machine */
export function checkArch(elf: ElfFile, path: string, arch: Arch): void {
  if (!runsOn(elf, arch)) throw new UserError(`${path} is for ${machineName(elf)}, not for ${arch}`);
}
