/** Copies a whole tree into an image, without what no image may have. */
import { stat } from "node:fs/promises";
import { UserError } from "../system/errors.ts";
import type { OutputTree } from "./output-tree.ts";
import type { Tree, TreeEntry } from "./tree.ts";

export interface TreeCopy {
  readonly files: number;
  /** Bytes of all files; of one with several names once. */
  readonly size: number;
  /** Paths in the tree that are not in the copy, and why. */
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
  /** Files that have lost their setuid or setgid bit: paths in the tree. */
  readonly plain: readonly string[];
}

export interface CopyOptions {
  /** Paths in the tree that keep it. */
  readonly setuid: ReadonlySet<string>;
  readonly signal?: AbortSignal | undefined;
}

const SETUID_SETGID = 0o6000;

/** @param to a folder of the output */
export async function copyTree(tree: Tree, output: OutputTree, to: string, options: CopyOptions): Promise<TreeCopy> {
  const copy = { files: 0, size: 0, leftOut: [] as { path: string; why: string }[], plain: [] as string[] };
  const kept = new Set<string>();
  /** Files with several names, by their inodes. */
  const linked = new Map<number, string>();
  const root = await tree.find("/");
  // A tree may be this machine's own, and what is made of it somewhere in it.
  const own = await stat(output.root);
  const visit = async (folder: TreeEntry): Promise<void> => {
    options.signal?.throwIfAborted();
    await output.folder(folder.path === "" ? to : `${to}/${folder.path}`);
    for (const name of await tree.list(folder)) {
      const entry = await tree.entry(`${folder.path}/${name}`);
      if (entry === undefined) continue;
      const place = `${to}/${entry.path}`;
      if (entry.kind === "other") copy.leftOut.push({ path: entry.path, why: whatIs(entry) });
      else if (entry.stats.dev !== root?.stats.dev) {
        copy.leftOut.push({ path: entry.path, why: "what is on another file system" });
        if (entry.kind === "folder") await output.folder(place);
      } else if (entry.kind === "folder" && entry.stats.ino === own.ino && entry.stats.dev === own.dev) {
        copy.leftOut.push({ path: entry.path, why: "what is being made" });
      } else if (entry.kind === "folder") await visit(entry);
      else if (entry.kind === "symlink") await output.symlink(place, entry.target ?? "");
      else await copyFile(entry, place);
    }
  };
  const copyFile = async (entry: TreeEntry, place: string): Promise<void> => {
    const { mode, nlink, ino, size } = entry.stats;
    const keeps = options.setuid.has(entry.path);
    if (keeps) kept.add(entry.path);
    else if ((mode & SETUID_SETGID) !== 0) copy.plain.push(entry.path);
    copy.files += 1;
    const first = linked.get(ino);
    if (nlink > 1 && first !== undefined && !keeps) return output.hardLink(place, first);
    if (nlink > 1 && !keeps) linked.set(ino, place);
    copy.size += size;
    await output.file(place, tree.onDisk(entry.path), mode & (keeps ? 0o7777 : 0o7777 & ~SETUID_SETGID));
  };
  if (root !== undefined) await visit(root);
  const lost = [...options.setuid].find((path) => !kept.has(path));
  if (lost !== undefined) throw new UserError(`the tree has no file /${lost}, which is to keep its setuid bit`);
  return copy;
}

function whatIs({ stats }: TreeEntry): string {
  if (stats.isSocket()) return "a socket";
  return stats.isFIFO() ? "a pipe" : "a device";
}
