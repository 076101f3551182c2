/** Where a tree's dynamic loader looks for libraries without being told: ld.so(8), ldconfig(8), ld-musl's search path. */
import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { ARCHES, type Arch, UNAME_ARCH } from "../../schema/index.ts";
import { UserError } from "../system/errors.ts";
import { namesIn, type Tree } from "./tree.ts";

export interface LibraryFolders {
  /** From the tree's configuration, in its order. */
  readonly configured: readonly string[];
  /** Built into the loader. */
  readonly standard: readonly string[];
}

const GLIBC_CONFIGURATION = "/etc/ld.so.conf";
/** Bytes, and a number of files: more than any configuration has. */
const MAX_CONFIGURATION = 1024 ** 2;
const MAX_INCLUDED = 1000;

/** @param interpreter of the programs, where one is known: musl's loader has a configuration of its own */
export async function libraryFolders(tree: Tree, arch: Arch, interpreter = ""): Promise<LibraryFolders> {
  const uname = UNAME_ARCH[arch];
  if (posix.basename(interpreter).startsWith("ld-musl-")) {
    const text = await textOf(tree, `/etc/ld-musl-${uname}.path`);
    const standard = ["/lib", "/usr/local/lib", "/usr/lib"];
    return text === undefined
      ? { configured: [], standard }
      : { configured: text.split(/[\n:]/).filter(Boolean), standard: [] };
  }
  return { configured: await configuredFolders(tree), standard: glibcFolders(arch) };
}

function glibcFolders(arch: Arch): string[] {
  const triplet = `${UNAME_ARCH[arch]}-linux-gnu`;
  return [`/lib/${triplet}`, `/usr/lib/${triplet}`, "/lib64", "/usr/lib64", "/lib", "/usr/lib"];
}

/** Those of any arch of ours. */
export const STANDARD_FOLDERS: readonly string[] = ARCHES.flatMap(glibcFolders);

/** What the tree's `/etc/ld.so.conf` says. */
export async function configuredFolders(tree: Tree): Promise<string[]> {
  const folders: string[] = [];
  await readConfiguration(tree, GLIBC_CONFIGURATION, folders, new Set());
  return [...new Set(folders)];
}

/** Lines with a folder each, or `include` and patterns of further files. */
async function readConfiguration(tree: Tree, path: string, folders: string[], seen: Set<string>): Promise<void> {
  if (seen.has(path)) return;
  seen.add(path);
  if (seen.size > MAX_INCLUDED) throw new UserError(`${GLIBC_CONFIGURATION} includes more than ${MAX_INCLUDED} files`);
  for (const line of (await textOf(tree, path))?.split("\n") ?? []) {
    const text = line.replace(/#.*/, "").trim();
    const [word = "", ...patterns] = text.split(/\s+/);
    if (word === "include") {
      for (const pattern of patterns) {
        const from = pattern.startsWith("/") ? pattern : posix.join(posix.dirname(path), pattern);
        for (const file of await matching(tree, from)) await readConfiguration(tree, file, folders, seen);
      }
      // `hwcap` was for processors; what is relative, ldconfig ignores too.
    } else if (text.startsWith("/")) folders.push(text.replace(/=[^/]*$/, "").replace(/(?<=.)\/+$/, ""));
  }
}

/** Paths in the tree that a pattern means, sorted: glob(7) */
async function matching(tree: Tree, pattern: string): Promise<string[]> {
  let found = [""];
  for (const name of namesIn(pattern)) {
    const next: string[] = [];
    for (const folder of found) {
      if (!/[*?[]/.test(name)) next.push(`${folder}/${name}`);
      else {
        const entry = await tree.find(folder);
        const names = entry?.kind === "folder" ? await tree.list(entry) : [];
        next.push(...names.filter((one) => posix.matchesGlob(one, name)).map((one) => `${folder}/${one}`));
      }
    }
    found = next;
  }
  return found;
}

async function textOf(tree: Tree, path: string): Promise<string | undefined> {
  const entry = await tree.find(path);
  if (entry?.kind !== "file") return undefined;
  if (entry.stats.size > MAX_CONFIGURATION) throw new UserError(`${path} is too large for a configuration`);
  return readFile(tree.onDisk(entry.path), "utf8");
}

/**
 * An rpath's folder with its tokens replaced: ld.so(8), "Dynamic string tokens".
 * @param origin the folder of the file that has it
 * @returns several, for what `$LIB` means is built into each loader; none for a relative folder, which depends on
 *   where a program is started
 */
export function expandFolder(folder: string, origin: string, arch: Arch): string[] {
  const uname = UNAME_ARCH[arch];
  const libs = /\$(?:LIB\b|\{LIB\})/.test(folder) ? [`lib/${uname}-linux-gnu`, "lib64", "lib"] : [""];
  return libs
    .map((lib) =>
      folder.replace(/\$(?:(?<bare>ORIGIN|LIB|PLATFORM)\b|\{(?<braced>ORIGIN|LIB|PLATFORM)\})/g, (_, bare, braced) => {
        const token = (bare ?? braced) as "ORIGIN" | "LIB" | "PLATFORM";
        return { ORIGIN: origin, LIB: lib, PLATFORM: uname }[token];
      }),
    )
    .filter((path) => path.startsWith("/"));
}
