/** Reads ext2 and ext4 images with debugfs, which fails without a word: e2fsck says beforehand whether all is well. */
import { rm, writeFile } from "node:fs/promises";
import type { Tool } from "../bake/pack/tool.ts";
import { damaged, type ImageFile, need, runOn } from "./image-file.ts";
import { type Child, listFolders } from "./listing.ts";
import type { Reader } from "./unpack.ts";

const DEBUGFS: Tool = {
  command: "debugfs",
  versionArgs: ["-V"],
  pattern: /debugfs (?<version>[0-9.]+)/,
  package: "e2fsprogs",
};
/** https://docs.kernel.org/filesystems/ext4/special_inodes.html */
const ROOT_INODE = 2;
/** A line of `ls -p`: `/12/100755/0/0/hello/38/` */
const LINE = /^\/(?<inode>\d+)\/(?<mode>[0-7]+)\/\d+\/\d+\/(?<name>[^/]+)\/(?<size>\d*)\/$/;
/** What was never used, or is no longer. */
const UNUSED = "/0/";
/** Before what each command of a script prints. */
const ECHO = /^debugfs: ls -p <\d+>$/;

export const ext: Reader = {
  async list(image, signal) {
    await need(DEBUGFS);
    // -n: changes nothing. Its last lines, which an error would repeat, are a summary.
    await runOn(image, "e2fsck", ["-fn", image.path], { signal }, "e2fsck -fn finds errors");
    return listFolders(image, ROOT_INODE, (inodes) => readFolders(image, inodes, signal));
  },

  async unpack(image, folder, signal) {
    // Into where it runs: so no path needs debugfs's quotes.
    await runOn(image, "debugfs", ["-R", "rdump / .", image.path], { cwd: folder, signal });
  },
};

/** By number, for names would need quotes too. */
async function readFolders(image: ImageFile, inodes: readonly number[], signal?: AbortSignal): Promise<Child[][]> {
  const script = `${image.path}.debugfs`;
  await writeFile(script, inodes.map((inode) => `ls -p <${inode}>\n`).join(""));
  const said = await runOn(image, "debugfs", ["-f", script, image.path], { signal });
  await rm(script);

  const folders: Child[][] = [];
  for (const line of said.split("\n")) {
    if (line === "" || line.startsWith(UNUSED)) continue;
    if (ECHO.test(line)) folders.push([]);
    else folders.at(-1)?.push(parseLine(image, line));
  }
  return folders.map((children) => children.filter(({ name }) => name !== "." && name !== ".."));
}

function parseLine(image: ImageFile, line: string): Child {
  const { inode, mode = "", name, size } = LINE.exec(line)?.groups ?? {};
  if (name === undefined) throw damaged(image, `a name with a slash or a line break: ${line}`);
  return { name, inode: Number(inode), mode: Number.parseInt(mode, 8), size: Number(size) };
}
