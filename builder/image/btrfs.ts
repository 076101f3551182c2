/** Reads btrfs images with btrfs-progs: the listing from the dump of the file system's tree, the files by restore. */
import type { Tool } from "../bake/pack/tool.ts";
import { damaged, type ImageFile, need, runOn } from "./image-file.ts";
import { type Child, listFolders } from "./listing.ts";
import type { Reader } from "./unpack.ts";

const BTRFS: Tool = {
  command: "btrfs",
  versionArgs: ["--version"],
  pattern: /btrfs-progs v(?<version>[0-9.]+)/,
  package: "btrfs-progs",
};
/** `BTRFS_FS_TREE_OBJECTID`, and `BTRFS_FIRST_FREE_OBJECTID`: the tree's root folder */
const FS_TREE = "5";
const ROOT_INODE = 256;

const ITEM = /^\titem \d+ key \((?<inode>\d+) (?<type>[A-Z_]+)/;

export const btrfs: Reader = {
  async list(image, signal) {
    await need(BTRFS);
    await runOn(image, "btrfs", ["check", "--readonly", "--check-data-csum", image.path], { signal });
    const dump = await runOn(image, "btrfs", ["inspect-internal", "dump-tree", "-t", FS_TREE, image.path], { signal });
    const folders = parseDump(image, dump);
    return listFolders(image, ROOT_INODE, async (inodes) => inodes.map((inode) => folders.get(inode) ?? []));
  },

  async unpack(image, folder, signal) {
    await runOn(image, "btrfs", ["restore", "-S", image.path, folder], { signal });
  },
};

/** @returns what is in each folder */
function parseDump(image: ImageFile, dump: string): Map<number, Child[]> {
  const inodes = new Map<number, { size: number; mode: number }>();
  const names: { folder: number; inode: number; name: string }[] = [];
  for (const { inode, type, text } of itemsIn(dump)) {
    if (type === "INODE_ITEM") {
      const { size, mode } = /\bsize (?<size>\d+) nbytes .* mode (?<mode>[0-7]+) links /s.exec(text)?.groups ?? {};
      if (mode === undefined || inodes.has(inode)) throw damaged(image, `inode ${inode} cannot be read`);
      inodes.set(inode, { size: Number(size), mode: Number.parseInt(mode, 8) });
    } else if (type === "DIR_INDEX") {
      names.push({ folder: inode, ...parseName(image, text) });
    }
  }
  const children = names.map(({ folder, inode, name }) => {
    const found = inodes.get(inode);
    if (found === undefined) throw damaged(image, `inode ${inode} is not there`);
    return { folder, name, inode, ...found };
  });
  return Map.groupBy(children, ({ folder }) => folder);
}

function* itemsIn(dump: string): Generator<{ inode: number; type: string; text: string }> {
  let item: { inode: number; type: string; lines: string[] } | undefined;
  for (const line of dump.split("\n")) {
    const { inode, type } = ITEM.exec(line)?.groups ?? {};
    if (inode === undefined || type === undefined) {
      item?.lines.push(line);
      continue;
    }
    if (item !== undefined) yield { ...item, text: item.lines.join("\n") };
    item = { inode: Number(inode), type, lines: [] };
  }
  if (item !== undefined) yield { ...item, text: item.lines.join("\n") };
}

/** The length tells a name with a line break from lines of the dump. */
function parseName(image: ImageFile, text: string): { inode: number; name: string } {
  const { inode, kind, length, name } =
    /location key \((?<inode>\d+) (?<kind>\w+) .*? name_len (?<length>\d+)\n\t\tname: (?<name>[^\n]*)/s.exec(text)
      ?.groups ?? {};
  if (name === undefined) throw damaged(image, "a name that cannot be read");
  if (Buffer.byteLength(name) !== Number(length)) throw damaged(image, `a name with a line break: ${name}`);
  if (kind !== "INODE_ITEM") throw damaged(image, `${name} is a subvolume`);
  return { inode: Number(inode), name };
}
