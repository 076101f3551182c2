/** Gives copied programs a loader and libraries of their own, and tells them where these are. */
import { posix } from "node:path";
import type { Arch } from "../../schema/index.ts";
import { UserError } from "../system/errors.ts";
import type { Copied } from "./copied.ts";
import type { ElfFile } from "./elf-dynamic.ts";
import type { Binary } from "./flix.ts";
import { type LibraryFolders, libraryFolders } from "./library-folders.ts";
import { LibraryPlaces } from "./library-places.ts";
import { checkArch, type Library, type Loaded, Loader, MissingLibrary, type Resolved } from "./loader.ts";
import type { OutputTree } from "./output-tree.ts";
import { type Patch, patchAll } from "./patchelf.ts";
import { namesIn, type Tree } from "./tree.ts";

/** GNU's C library. */
const LIBC = "libc.so.6";
/** What it loads by itself when a thread ends, and aborts without: glibc's `misc/unwind-link.c` */
const UNWINDER = "libgcc_s.so.1";

export interface Relinking {
  readonly tree: Tree;
  readonly output: OutputTree;
  /** Where loader and libraries go. */
  readonly home: string;
  /** Where things of the tree are that have been copied. */
  readonly places: ReadonlyMap<string, string>;
  readonly binaries: readonly Binary[];
  readonly extraLibraries: readonly string[];
  readonly arch: Arch;
  readonly signal?: AbortSignal | undefined;
}

export interface Relinked {
  readonly copied: readonly Copied[];
  readonly warnings: readonly string[];
}

/** A file in the output, and what it was in the tree. */
interface Linked {
  readonly to: string;
  readonly file: Loaded;
  readonly interpreter?: string | undefined;
  /** Came with a folder, and nobody may miss it. */
  readonly isOptional: boolean;
}

export async function relink(relinking: Relinking): Promise<Relinked> {
  const { tree, output, arch, home, places, binaries, extraLibraries } = relinking;
  const interpreters = new Set(binaries.flatMap(({ elf }) => elf.interpreter ?? []));
  const folders = await libraryFolders(tree, arch, [...interpreters][0]);
  const loader = new Loader(tree, arch, folders);
  const libraries = new LibraryPlaces(tree, output, home, places);
  const loaders = await putInterpreters(tree, loader, interpreters, libraries, arch);

  const linked = binaries.flatMap(({ elf, entry, to, isAskedFor }): Linked[] => {
    if (elf.dynamic === undefined || loaders.has(entry.path) || !isLinked(elf)) return [];
    const file = { path: entry.path, origin: posix.dirname(entry.path), dynamic: elf.dynamic };
    return [{ to, file, interpreter: elf.interpreter, isOptional: isModule(elf) && !isAskedFor }];
  });
  const needs: Map<string, Map<string, Library>> = new Map();
  const known = new Map<string, Library>();
  const warnings: string[] = [];
  // Programs first: what they load decides what their modules get.
  for (const { file, isOptional } of [...linked].sort((a, b) => Number(isModule(a)) - Number(isModule(b)))) {
    if (needs.has(file.path)) continue;
    const resolved = await loader.load(file, known).catch((error: unknown): Resolved => {
      if (!(isOptional && error instanceof MissingLibrary)) throw error;
      warnings.push(`/${file.path} cannot be loaded: ${error.message}`);
      return new Map([[file.path, new Map()]]);
    });
    add(needs, known, resolved);
  }
  for (const [path, names] of [...needs]) await putAll(libraries, path, names);
  await putUnwinder(loader, libraries, known);

  const extras: Library[] = [];
  for (const name of extraLibraries) extras.push(await loader.library(name, "extra libraries"));
  for (const extra of extras) {
    const names = new Set([posix.basename(extra.found), extra.dynamic.soname ?? posix.basename(extra.found)]);
    for (const name of names) await libraries.putAt(`${home}/extralibs/${name}`, extra, "an extra library");
  }
  for (const extra of extras) {
    const resolved = await loader.load(extra, known);
    add(needs, known, resolved);
    for (const [path, names] of resolved) await putAll(libraries, path, names);
  }

  const files = new Map<string, Linked>(linked.map((one) => [one.to, one]));
  for (const [path, to] of libraries.files) {
    const entry = await tree.entry(path);
    const elf = entry && (await loader.elf(entry));
    if (elf?.dynamic === undefined || loaders.has(path) || !isLinked(elf)) continue;
    const origin = [...known.values(), ...extras].find((one) => one.path === path)?.origin ?? posix.dirname(path);
    files.set(to, {
      to,
      file: { path, origin, dynamic: elf.dynamic },
      interpreter: elf.interpreter,
      isOptional: false,
    });
  }
  const dlopened = extras.length > 0 ? [`/${home}/extralibs`] : [];
  const later = await patchLinked(relinking, { files, needs, libraries, loader, folders, dlopened });
  return { copied: libraries.copied, warnings: [...warnings, ...later] };
}

/** @returns the loaders' files, which nobody patches: they are told nothing, for they load themselves */
async function putInterpreters(
  tree: Tree,
  loader: Loader,
  interpreters: ReadonlySet<string>,
  libraries: LibraryPlaces,
  arch: Arch,
): Promise<Set<string>> {
  const files = new Set<string>();
  for (const interpreter of interpreters) {
    const entry = await tree.find(interpreter);
    if (entry?.kind !== "file") {
      throw new UserError(`the tree has no ${interpreter}, the programs' interpreter`, {
        hint: "add the package that has it to the tree: libc6 in Debian, musl in Alpine",
      });
    }
    const elf = await loader.elf(entry);
    if (elf?.dynamic === undefined) throw new UserError(`${interpreter}, the programs' interpreter, is no loader`);
    checkArch(elf, interpreter, arch);
    const { path } = entry;
    await libraries.put(posix.basename(interpreter), { path, found: path }, "the programs' interpreter");
    loader.start({ path, found: interpreter, origin: posix.dirname(path), dynamic: elf.dynamic });
    files.add(path);
  }
  return files;
}

/** Nobody names it, and a tree without it may do without it. */
async function putUnwinder(loader: Loader, libraries: LibraryPlaces, known: Map<string, Library>): Promise<void> {
  if (!known.has(LIBC) || known.has(UNWINDER)) return;
  const unwinder = await loader.find(UNWINDER);
  if (unwinder === undefined) return;
  await libraries.put(UNWINDER, unwinder, `loaded by ${LIBC} when a thread ends`);
  known.set(UNWINDER, unwinder);
}

/** Whether a loader has anything to do for it; static-pie programs have a dynamic section and need nobody. */
function isLinked({ interpreter, dynamic }: ElfFile): boolean {
  if (interpreter !== undefined) return true;
  return dynamic !== undefined && dynamic.needed.length + dynamic.rpath.length + dynamic.runpath.length > 0;
}

function isModule({ interpreter }: { readonly interpreter?: string | undefined }): boolean {
  return interpreter === undefined;
}

/** @throws UserError where one file would need different libraries of one name, depending on who loads it */
function add(needs: Map<string, Map<string, Library>>, known: Map<string, Library>, resolved: Resolved): void {
  for (const [path, names] of resolved) {
    const before = needs.get(path) ?? new Map<string, Library>();
    for (const [name, library] of names) {
      const other = before.get(name);
      if (other !== undefined && other.path !== library.path) {
        throw new UserError(`${path} gets another ${name} in one program than in another`, {
          details: { one: other.path, other: library.path },
          hint: "flix the programs under names of their own",
        });
      }
      before.set(name, library);
      if (!known.has(name)) known.set(name, library);
    }
    needs.set(path, before);
  }
}

async function putAll(libraries: LibraryPlaces, path: string, names: ReadonlyMap<string, Library>): Promise<void> {
  for (const [name, library] of names) await libraries.put(name, library, `needed by /${path}`);
}

interface Patching {
  /** By where they are. */
  readonly files: ReadonlyMap<string, Linked>;
  readonly needs: ReadonlyMap<string, ReadonlyMap<string, Library>>;
  readonly libraries: LibraryPlaces;
  readonly loader: Loader;
  readonly folders: LibraryFolders;
  /** Where extra libraries are. */
  readonly dlopened: readonly string[];
}

async function patchLinked({ output, home, signal, ...relinking }: Relinking, patching: Patching): Promise<string[]> {
  const { files, needs, libraries, dlopened } = patching;
  const warnings: string[] = [];
  const patches: Patch[] = [];
  for (const [to, { file, interpreter }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const folders = new Set<string>();
    for (const [name, library] of needs.get(file.path) ?? []) {
      folders.add(`/${await libraries.put(name, library, `needed by /${file.path}`)}`);
    }
    folders.delete(`/${home}`);
    const own = await ownFolders(file, { ...relinking, output, home }, patching, warnings);
    // A folder of its own has one library, so what is in it cannot stand in for another one.
    const rpath = [...new Set([...folders, `/${home}`, ...own, ...dlopened])];
    const place = interpreter === undefined ? {} : { interpreter: `/${home}/${posix.basename(interpreter)}` };
    patches.push({ file: output.onDisk(to), path: `/${to}`, rpath, ...place });
  }
  await patchAll(patches, signal);
  return warnings;
}

/** Folders of its own rpath, where they are now: what it loads while it runs may be there. */
async function ownFolders(
  file: Loaded,
  { tree, places }: Omit<Relinking, "signal">,
  { loader, folders, libraries }: Patching,
  warnings: string[],
): Promise<string[]> {
  const shared = new Set([...folders.configured, ...folders.standard].map((folder) => namesIn(folder).join("/")));
  const found: string[] = [];
  for (const folder of loader.ownFolders(file)) {
    const entry = await tree.find(folder);
    if (entry?.kind !== "folder" || shared.has(entry.path)) continue;
    const place = places.get(entry.path);
    if (place !== undefined) found.push(`/${place}`);
    else {
      const names = (await tree.list(entry)).filter((name) => /\.so(?:\.|$)/.test(name));
      const files = await Promise.all(names.map((name) => tree.find(`${entry.path}/${name}`)));
      if (files.every((one) => one === undefined || libraries.files.has(one.path) || places.has(one.path))) continue;
      warnings.push(
        `/${file.path} looks for libraries in /${entry.path} too, which is not copied: what it loads from there while it runs has to be named as an extra library`,
      );
    }
  }
  return found;
}
