/**
 * Unpacks one layer into a folder of its own, so that many can be unpacked at once. What it takes away from the layers
 * below it is remembered and not done.
 *
 * https://github.com/opencontainers/image-spec/blob/main/layer.md
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { nameWithin } from "../../bake/root/archive.ts";
import { MAX_PATH } from "../../bake/root/entry.ts";
import { ArchiveError, type TarEntry } from "../../bake/root/tar-reader.ts";
import { errorCode } from "../../system/errors.ts";
import type { Allowance } from "./shared.ts";

/** Whose something is, who may do what with it, and of when it is. */
export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** A folder of a layer; all that is remembered of its tree. */
export interface LayerFolder {
  /** Undefined where the layer has something in it, and says nothing of the folder. */
  attributes: Attributes | undefined;
  readonly folders: Map<string, LayerFolder>;
  /** Names that are gone in layers below. */
  readonly removed: Set<string>;
  /** All is gone that layers below have in it. */
  isOpaque: boolean;
}

export interface UnpackedLayer {
  /** Where it lies. */
  readonly path: string;
  readonly root: LayerFolder;
  /** Hard links to files that are not in this layer. */
  readonly links: readonly { readonly path: string; readonly to: string }[];
}

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const IS_ROOT = process.getuid?.() === 0;
const MODE_BITS = 0o7777;
/** The largest but one: that one means "leave it" to chown(2). */
const MAX_ID = 2 ** 32 - 2;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Calls of the file system are synchronous: for small files, of which trees consist, those are several times faster.
 * @param path an empty folder, which nobody else writes to
 * @throws ArchiveError for whatever no honest layer has
 */
export async function unpackLayer(
  entries: AsyncIterable<TarEntry>,
  path: string,
  allowance: Allowance,
): Promise<UnpackedLayer> {
  const layer = new LayerWriter(path);
  for await (const entry of entries) {
    if (!allowance.take()) throw new ArchiveError("the image has more entries than any has");
    try {
      await layer.put(entry);
    } catch (error) {
      throw asArchiveError(error, entry.name);
    }
  }
  return layer;
}

class LayerWriter implements UnpackedLayer {
  readonly path: string;
  readonly root: LayerFolder = emptyFolder();
  readonly links: { path: string; to: string }[] = [];
  /** Most entries are in the folder that the one before was in. */
  #last: { readonly path: string; readonly folder: LayerFolder } = { path: "", folder: this.root };

  constructor(path: string) {
    this.path = path;
  }

  async put(entry: TarEntry): Promise<void> {
    const path = nameWithin(entry.name);
    if (path === "") {
      if (entry.kind !== "folder") throw new ArchiveError("its root is no folder");
      this.root.attributes = attributesOf(entry);
      return;
    }
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    const within = this.#folderAt(slash === -1 ? "" : path.slice(0, slash));
    if (name.startsWith(WHITEOUT)) return whiteOut(within, name, entry);

    const onDisk = join(this.path, path);
    switch (entry.kind) {
      case "folder":
        return this.#putFolder(onDisk, within, name, entry);
      case "file":
        return writeFile(onDisk, entry);
      case "symlink":
        return writeSymlink(onDisk, entry);
      case "hard-link":
        return this.#putLink(path, onDisk, entry);
    }
  }

  #putFolder(onDisk: string, within: LayerFolder, name: string, entry: TarEntry): void {
    const before = within.folders.get(name);
    if (before === undefined) {
      mkdirSync(onDisk, 0o700);
      within.folders.set(name, { ...emptyFolder(), attributes: attributesOf(entry) });
    } else before.attributes = attributesOf(entry);
  }

  #putLink(path: string, onDisk: string, { linkName }: TarEntry): void {
    const to = nameWithin(linkName);
    const parts = to.split("/");
    const name = parts.pop() ?? "";
    let within: LayerFolder | undefined = this.root;
    for (const part of parts) within = within?.folders.get(part);
    if (name === "" || within?.folders.has(name)) {
      throw new ArchiveError(`${JSON.stringify(path)} is a hard link to a folder`);
    }
    try {
      // Through folders that this layer has made, so nothing is followed: link(2) takes a symlink for what it is.
      if (within === undefined) this.links.push({ path, to });
      else linkSync(join(this.path, to), onDisk);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      this.links.push({ path, to });
    }
  }

  /** Folders that are not there are made; what is there and is none was not made by this. */
  #folderAt(path: string): LayerFolder {
    if (path === this.#last.path) return this.#last.folder;
    let folder = this.root;
    let at = "";
    for (const name of path === "" ? [] : path.split("/")) {
      at = at === "" ? name : `${at}/${name}`;
      let next = folder.folders.get(name);
      if (next === undefined) {
        if (name.startsWith(WHITEOUT)) throw new ArchiveError(`a whiteout with something in it: ${JSON.stringify(at)}`);
        makeFolder(join(this.path, at), at);
        next = emptyFolder();
        folder.folders.set(name, next);
      }
      folder = next;
    }
    this.#last = { path, folder };
    return folder;
  }
}

export function emptyFolder(): LayerFolder {
  return { attributes: undefined, folders: new Map(), removed: new Set(), isOpaque: false };
}

function makeFolder(onDisk: string, path: string): void {
  try {
    mkdirSync(onDisk, 0o700);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    throw new ArchiveError(`something is below ${JSON.stringify(path)}, which the same layer says is no folder`);
  }
}

function whiteOut(within: LayerFolder, name: string, { kind }: TarEntry): void {
  const hidden = name.slice(WHITEOUT.length);
  const isName = hidden !== "" && hidden !== "." && hidden !== ".." && !hidden.startsWith(WHITEOUT);
  if (kind === "folder" || (name !== OPAQUE && !isName)) {
    throw new ArchiveError(`a whiteout of nothing that can be: ${JSON.stringify(name)}`);
  }
  if (name === OPAQUE) within.isOpaque = true;
  else within.removed.add(hidden);
}

async function writeFile(onDisk: string, entry: TarEntry): Promise<void> {
  const { mode, uid, gid, mtime } = attributesOf(entry);
  const file = openSync(onDisk, CREATE, 0o600);
  try {
    for await (const piece of entry.content) {
      for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at);
    }
    // The owner first: setuid and setgid go with another one.
    if (IS_ROOT) fchownSync(file, uid, gid);
    // Who is not root could not read it, and it is theirs.
    fchmodSync(file, IS_ROOT ? mode : mode | 0o400);
    futimesSync(file, mtime, mtime);
  } finally {
    closeSync(file);
  }
}

function writeSymlink(onDisk: string, entry: TarEntry): void {
  const { linkName } = entry;
  if (linkName === "" || Buffer.byteLength(linkName) > MAX_PATH) {
    throw new ArchiveError(`${JSON.stringify(entry.name)} leads nowhere`);
  }
  const { uid, gid, mtime } = attributesOf(entry);
  symlinkSync(linkName, onDisk);
  if (IS_ROOT) lchownSync(onDisk, uid, gid);
  lutimesSync(onDisk, mtime, mtime);
}

function attributesOf({ name, mode, uid, gid, mtime }: TarEntry): Attributes {
  if (![uid, gid].every((id) => Number.isInteger(id) && id >= 0 && id <= MAX_ID) || !Number.isFinite(mtime)) {
    throw new ArchiveError(`${JSON.stringify(name)} has an owner or a time that is none`);
  }
  return { mode: mode & MODE_BITS, uid, gid, mtime };
}

/** What the file system refuses because of what the layer says is the layer's fault. */
function asArchiveError(error: unknown, name: string): unknown {
  switch (errorCode(error)) {
    case "EEXIST":
      return new ArchiveError(`it has ${JSON.stringify(name)} twice`);
    case "ENAMETOOLONG":
      return new ArchiveError(`a path that is too long: ${JSON.stringify(`${name.slice(0, 60)}…`)}`);
    default:
      return error;
  }
}
