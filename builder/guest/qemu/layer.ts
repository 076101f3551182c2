/**
 * What a guest's root consists of: file systems that lie upon each other, each packed into an image that it reads as a
 * disk. Nothing in them is compressed, for it is an emulated processor that would have to unpack it.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Entries, RootEntry } from "../../bake/root/entry.ts";
import { textFile } from "../../bake/root/entry.ts";
import { writeTar } from "../../bake/root/tar-writer.ts";
import { sha256Of } from "../../system/digest.ts";
import { errorCode, UserError } from "../../system/errors.ts";
import { run } from "../../system/run.ts";
import type { GuestFile } from "../guest.ts";
import { keptFile } from "./machine-files.ts";

export interface GuestLink {
  readonly path: string;
  /** Where the symlink leads. */
  readonly target: string;
}

const PACKAGE = "squashfs-tools";
const UNCOMPRESSED = ["-noI", "-noD", "-noF", "-noX"];
const QUIET = ["-noappend", "-no-progress", "-quiet"];

/** A folder's image, kept under what tells it from all others. */
export async function folderLayer(folder: string, cache: string, signal?: AbortSignal): Promise<string> {
  return keptFile(cache, `tree-${await fingerprint(folder, signal)}.squashfs`, (path) =>
    packFolder(folder, path, signal),
  );
}

export async function packFolder(folder: string, path: string, signal?: AbortSignal): Promise<void> {
  // Another user's files belong to that user here, and to root in the guest.
  const owners = process.getuid?.() === 0 ? [] : ["-all-root"];
  await run("mksquashfs", [folder, path, ...QUIET, ...UNCOMPRESSED, ...owners], { signal, package: PACKAGE });
}

/** @param path where the image is to be */
export async function packFiles(
  files: readonly (GuestFile | GuestLink)[],
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const args = ["-", path, "-tar", "-root-mode", "0755", "-all-root", "-no-xattrs", ...QUIET, ...UNCOMPRESSED];
  await run("mksquashfs", args, {
    input: writeTar(entriesOf(files), 0),
    env: { SOURCE_DATE_EPOCH: undefined },
    signal,
    package: PACKAGE,
  });
}

/** Of paths, kinds, modes, sizes and times of what is in it: what changes when somebody changes that. */
async function fingerprint(folder: string, signal?: AbortSignal): Promise<string> {
  const listed = await run("find", [folder, "-mindepth", "1", "-printf", "%P\\0%y %m %U:%G %s %T@ %l\\n"], { signal });
  return sha256Of(listed.split("\n").sort().join("\n")).slice(0, 16);
}

async function* entriesOf(files: readonly (GuestFile | GuestLink)[]): Entries {
  const folders = new Set<string>();
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const parts = file.path.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = parts.slice(0, depth).join("/");
      if (folders.has(path)) continue;
      folders.add(path);
      yield { kind: "folder", path };
    }
    yield "target" in file ? { kind: "symlink", ...file } : await fileEntry(file);
  }
}

async function fileEntry({ path, content, mode = 0o644 }: GuestFile): Promise<RootEntry> {
  if (typeof content === "string") return { ...textFile(path, content), mode };
  const found = await stat(content.file).catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
    throw new UserError(`no such file: ${content.file}`, { hint: `the guest was to have it as /${path}` });
  });
  return { kind: "file", path, mode, size: found.size, content: createReadStream(content.file) };
}
