/** Unpacks packages into a tree, several at once, so that the result is the same whichever is faster. */
import { mkdir, symlink } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Arch } from "../../../schema/index.ts";
import { ToolError } from "../../system/errors.ts";
import { run } from "../../system/run.ts";
import { TaskGroup } from "../../system/task-group.ts";
import type { Archive } from "./fetch-packages.ts";

export interface Unpacking {
  readonly arch: Arch;
  readonly exclude?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What makes us whom the files are to belong to, as the beginning of a command line. */
  readonly before?: readonly string[];
}

/** What is a link on a system with one /usr (UsrMerge): https://wiki.debian.org/UsrMerge */
const MERGED = { "x86-64": ["bin", "sbin", "lib", "lib64"], arm64: ["bin", "sbin", "lib"] } as const;
/** It has these links itself, in newer releases: before others go through them. */
const FIRST = "base-files";
/**
 * What tar reads the package through: dpkg-deb wants a name, and tar asks for it to be decompressed by `-d`. In this
 * way tar sees how dpkg-deb ends, and is the one process that we have to end.
 */
const DECOMPRESS = `sh -c "exec dpkg-deb --fsys-tarfile /dev/stdin"`;

/** @param tree a folder that is there and empty */
export async function unpackPackages(archives: readonly Archive[], tree: string, unpacking: Unpacking): Promise<void> {
  for (const name of MERGED[unpacking.arch]) {
    await mkdir(join(tree, "usr", name), { recursive: true });
    await symlink(`usr/${name}`, join(tree, name));
  }
  const isFirst = ({ name }: Archive) => name === FIRST;
  const owners = new Map<string, Archive>();
  const disputed = new Set<Archive>();
  const unpack = async (archive: Archive, signal: AbortSignal | undefined) => {
    for (const path of await unpackOne(archive, tree, { ...unpacking, signal })) {
      const other = owners.get(path);
      if (other !== undefined) for (const one of [other, archive]) disputed.add(one);
      owners.set(path, archive);
    }
  };
  for (const archive of archives.filter(isFirst)) await unpack(archive, unpacking.signal);
  // The largest ones first: one of them alone at the end would leave the other processors idle.
  const ahead = archives.filter((archive) => !isFirst(archive)).sort((a, b) => b.size - a.size);
  const group = new TaskGroup(unpacking.signal);
  const work = async () => {
    for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) await unpack(next, group.signal);
  };
  await group.all(Array.from({ length: availableParallelism() }, work));
  // Where packages replace files of each other, the last one by name has them.
  for (const archive of archives) if (disputed.has(archive)) await unpackOne(archive, tree, unpacking);
}

/** @returns the paths of what is no folder */
async function unpackOne({ path }: Archive, tree: string, unpacking: Unpacking): Promise<string[]> {
  const { exclude = [], signal, before = [] } = unpacking;
  const [program = "", ...args] = [
    ...before,
    ...["tar", "--extract", "--verbose", "--directory", tree, "--file", path, "--use-compress-program", DECOMPRESS],
    // Links to folders stay, and modes are the package's, whatever this process's umask.
    ...["--keep-directory-symlink", "--preserve-permissions", "--numeric-owner", "--warning=no-timestamp"],
    ...["--quoting-style=literal", "--anchored", ...exclude.map((pattern) => `--exclude=.${pattern}`)],
  ];
  try {
    const listed = await run(program, args, { signal });
    return listed
      .split("\n")
      .flatMap((line) => (line === "" || line.endsWith("/") ? [] : line.replace(MERGED_PATH, "./usr/")));
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new ToolError("a package cannot be unpacked", { details: { package: path, ...error.details }, cause: error });
  }
}

const MERGED_PATH = /^\.\/(?=(?:bin|sbin|lib|lib64)\/)/;
