/**
 * Lays unpacked layers over each other by renaming: the lowest one is the tree, and each further one is moved into it.
 *
 * Nothing is followed that is a symlink, but for one case: a layer that has `bin/tool` and says nothing of `bin`, over
 * one where `bin` is a symlink, means what that leads to, inside of the tree.
 */
import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { ArchiveError } from "../../bake/root/tar-reader.ts";
import { errorCode } from "../../system/errors.ts";
import { type Attributes, emptyFolder, type LayerFolder, type UnpackedLayer } from "./layer.ts";

/** A tree on disk, and what is to be known of its folders: each is there, and is no symlink. */
export interface Tree {
  readonly path: string;
  readonly root: LayerFolder;
}

const IS_ROOT = process.getuid?.() === 0;
/** Of folders that no layer describes. */
const PLAIN: Attributes = { mode: 0o755, uid: 0, gid: 0, mtime: 0 };
/** As many as Linux follows: path_resolution(7). */
const MAX_SYMLINKS = 40;

/** @throws ArchiveError where it links to what is not there */
export function mergeLayer(tree: Tree, layer: UnpackedLayer): void {
  for (const { path, to } of layer.links) linkBelow(tree, layer, path, to);
  // All that it hides first: that is about layers below, wherever in the layer it stands.
  hide(tree, layer.root, []);
  if (layer.root.attributes !== undefined) tree.root.attributes = layer.root.attributes;
  move(tree, layer.root, layer.path, []);
}

/** Hard links to other layers' files, which a lowest layer has none of. */
export function refuseLinks({ links: [link] }: UnpackedLayer): void {
  if (link !== undefined) throw noTarget(link.path, link.to);
}

/**
 * Gives folders their modes, owners and times, which moving things into them changes.
 * Who is not root keeps the right to what is theirs: else nobody could change or remove it.
 */
export function finishFolders({ path, root }: Tree): void {
  for (const [name, folder] of root.folders) finishFolders({ path: join(path, name), root: folder });
  const { mode, uid, gid, mtime } = root.attributes ?? PLAIN;
  if (IS_ROOT) lchownSync(path, uid, gid);
  chmodSync(path, IS_ROOT ? mode : mode | 0o700);
  lutimesSync(path, mtime, mtime);
}

function linkBelow(tree: Tree, layer: UnpackedLayer, path: string, to: string): void {
  const parts = to.split("/");
  const name = parts.pop() ?? "";
  const target = join(tree.path, ...resolveInside(tree, parts), name);
  const stats = lstatSync(target, { throwIfNoEntry: false });
  if (stats === undefined || stats.isDirectory()) throw noTarget(path, to);
  try {
    linkSync(target, join(layer.path, path));
  } catch (error) {
    throw errorCode(error) === "EEXIST" ? new ArchiveError(`it has ${JSON.stringify(path)} twice`) : error;
  }
}

/** @param at where in the tree the folder is, by names none of which is a symlink */
function hide(tree: Tree, folder: LayerFolder, at: readonly string[]): void {
  const below = folderAt(tree, at);
  if (below === undefined) return;
  const onDisk = join(tree.path, ...at);
  const hidden = folder.isOpaque ? readdirSync(onDisk) : folder.removed;
  for (const name of hidden) remove(onDisk, below, name);
  for (const [name, child] of folder.folders) {
    const within = [...at, name];
    if (below.folders.has(name)) hide(tree, child, within);
    else if (child.attributes === undefined && isSymlink(join(onDisk, name)))
      hide(tree, child, resolveInside(tree, within));
  }
}

/** @param from where the folder is now */
function move(tree: Tree, folder: LayerFolder, from: string, at: readonly string[]): void {
  const below = folderAt(tree, at);
  if (below === undefined) throw new RangeError("a layer is moved to what is no folder");
  const onDisk = join(tree.path, ...at);
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(onDisk, name)];
    const child = folder.folders.get(name);
    const same = below.folders.get(name);
    if (child === undefined) {
      // It takes the place of what is no folder by itself.
      if (same !== undefined) remove(onDisk, below, name);
      renameSync(source, target);
    } else if (same !== undefined) {
      if (child.attributes !== undefined) same.attributes = child.attributes;
      move(tree, child, source, [...at, name]);
    } else if (child.attributes === undefined && isSymlink(target)) {
      const resolved = resolveInside(tree, [...at, name]);
      ensureFolder(tree, resolved);
      move(tree, child, source, resolved);
    } else {
      rmSync(target, { force: true });
      renameSync(source, target);
      below.folders.set(name, child);
    }
  }
}

function remove(onDisk: string, within: LayerFolder, name: string): void {
  const path = join(onDisk, name);
  // What is no folder is quicker to remove as such; and what a layer takes away need not be there.
  if (within.folders.delete(name)) rmSync(path, { recursive: true, force: true });
  else if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) unlinkSync(path);
}

/**
 * Where a path leads in the tree when its symlinks are followed as they would be by somebody whose root it is. What is
 * not there is taken as it stands.
 */
function resolveInside(tree: Tree, path: readonly string[]): string[] {
  const todo = [...path];
  const resolved: string[] = [];
  for (let links = 0; todo.length > 0; ) {
    const name = todo.shift() ?? "";
    if (name === "" || name === ".") continue;
    if (name === "..") {
      resolved.pop();
      continue;
    }
    const onDisk = join(tree.path, ...resolved, name);
    if (!isSymlink(onDisk)) {
      resolved.push(name);
      continue;
    }
    if (++links > MAX_SYMLINKS) throw new ArchiveError(`symlinks without end at ${JSON.stringify(path.join("/"))}`);
    const target = readlinkSync(onDisk);
    if (target.startsWith("/")) resolved.length = 0;
    todo.unshift(...target.split("/"));
  }
  return resolved;
}

/** @param at names none of which is a symlink */
function ensureFolder(tree: Tree, at: readonly string[]): void {
  let folder = tree.root;
  let path = tree.path;
  for (const name of at) {
    path = join(path, name);
    const next = folder.folders.get(name) ?? emptyFolder();
    if (!folder.folders.has(name)) {
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
        throw new ArchiveError(`something is below ${JSON.stringify(at.join("/"))}, which is no folder`);
      }
      mkdirSync(path, 0o700);
      folder.folders.set(name, next);
    }
    folder = next;
  }
}

function folderAt(tree: Tree, at: readonly string[]): LayerFolder | undefined {
  let folder: LayerFolder | undefined = tree.root;
  for (const name of at) folder = folder?.folders.get(name);
  return folder;
}

function isSymlink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function noTarget(path: string, to: string): ArchiveError {
  return new ArchiveError(`${JSON.stringify(path)} is a hard link to ${JSON.stringify(to)}, which is no file below it`);
}
