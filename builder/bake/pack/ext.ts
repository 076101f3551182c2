/**
 * Ext4 and ext2, uncompressed. Not by mke2fs -d, which copies change times that nobody can set: an empty file system
 * is filled by debugfs, from a sorted script.
 */
import { lstat, readlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../system/errors.ts";
import { run } from "../../system/run.ts";
import { type EntryOnDisk, writeFolder } from "../root/folder.ts";
import type { Packer } from "./packer.ts";
import { DEFAULT_EXT_SIZE, parseSize } from "./size.ts";
import { type Tool, toolPath, versionOf } from "./tool.ts";

const MKE2FS: Tool = {
  command: "mke2fs",
  versionArgs: ["-V"],
  pattern: /mke2fs (?<version>[0-9.]+)/,
  package: "e2fsprogs",
};
/** Also what directories are hashed with; all zeros would be "choose one". */
const UUID = "00000000-0000-4000-8000-000000000001";
/** Bytes. */
const BLOCK = 4096;
const INODE = 256;
const SPARE = 4 * 1024 ** 2;
/** The first ten are the file system's own, the eleventh is lost+found. */
const USED_INODES = 11;
/** Whose number is rounded up in each group of blocks. */
const OWN_INODES = USED_INODES + 16;

export function ext(format: "ext4" | "ext2"): Packer {
  return {
    tool: async () => ({ mke2fs: await versionOf(MKE2FS) }),

    async pack(source, file, { epoch, size = DEFAULT_EXT_SIZE, scratch }, signal) {
      const root = join(scratch, "root");
      const entries = await writeFolder(source, root, epoch);
      // To these programs 0 means "now".
      const time = String(Math.max(epoch, 1));
      const env = { PATH: toolPath(), E2FSPROGS_FAKE_TIME: time, E2FSCK_TIME: time, SOURCE_DATE_EPOCH: undefined };
      const options = { env: { ...env, MKE2FS_CONFIG: "/dev/null", TZ: "UTC" }, signal };
      const script = join(scratch, "fill.debugfs");
      await writeFile(script, await debugfsScript(root, entries, time));
      const fill = async (bytes: number): Promise<boolean> => {
        await writeFile(file, "");
        await truncate(file, bytes);
        await run("mke2fs", [...mke2fsArgs(format, entries.length), file], options);
        await run("debugfs", ["-w", "-f", script, file], options);
        return isFilled(file, entries, options);
      };
      // As large as need be from the start: what is shrunk keeps most of the room that it had.
      const most = parseSize(size);
      const likely = Math.min(most, await roomFor(root, entries));
      if (!(await fill(likely)) && (likely === most || !(await fill(most)))) {
        throw new UserError("the image does not fit into its file system", { hint: "give a larger --ext-fs-size" });
      }
      await run("e2fsck", ["-fy", file], options);
      await run("resize2fs", ["-M", file], options);
    },
  };
}

/** The features are said, not taken from the machine's mke2fs.conf. */
function mke2fsArgs(format: "ext4" | "ext2", entries: number): string[] {
  const ext4 = "none,ext_attr,dir_index,filetype,sparse_super,large_file,extent,huge_file,flex_bg,64bit,metadata_csum";
  const features = format === "ext4" ? ext4 : "none,ext_attr,dir_index,filetype,sparse_super,large_file";
  const extended = `root_owner=0:0,hash_seed=${UUID},lazy_itable_init=0,lazy_journal_init=0`;
  const sizes = ["-b", String(BLOCK), "-I", String(INODE), "-m", "0", "-N", String(entries + OWN_INODES)];
  return ["-q", "-F", "-t", format, ...sizes, "-O", features, "-U", UUID, "-E", extended];
}

async function debugfsScript(root: string, entries: readonly EntryOnDisk[], time: string): Promise<string> {
  const lines: string[] = [];
  for (const { path, kind } of entries) {
    const name = quote(`/${path}`);
    if (kind === "folder") lines.push(`mkdir ${name}`);
    else if (kind === "symlink") lines.push(`symlink ${name} ${quote(await readlink(join(root, path)))}`);
    else lines.push(`write ${quote(join(root, path))} ${name}`);
  }
  const type = { folder: 0o040000, file: 0o100000, symlink: 0o120000 };
  for (const { path, kind, mode } of [{ path: "", kind: "folder" as const, mode: 0o755 }, ...entries]) {
    const name = quote(`/${path}`);
    lines.push(`sif ${name} mode 0${(type[kind] | mode).toString(8)}`, `sif ${name} uid 0`, `sif ${name} gid 0`);
    for (const field of ["atime", "mtime", "ctime", "crtime"]) lines.push(`sif ${name} ${field} @${time}`);
  }
  return `${lines.join("\n")}\n`;
}

/** debugfs doubles quotes inside quotes, and has nothing for the end of a line. */
function quote(name: string): string {
  if (/[\n\r]/.test(name)) {
    throw new UserError(`ext images cannot have a line break in a name: ${JSON.stringify(name)}`, {
      hint: "use --format squashfs, or rename it",
    });
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** Bytes that the file system needs, by a fair guess: its blocks, its inodes, and a hundredth for what keeps them. */
async function roomFor(root: string, entries: readonly EntryOnDisk[]): Promise<number> {
  const sizes = await Promise.all(entries.map(async ({ path }) => (await lstat(join(root, path))).size));
  // One block more for each: for where its others are.
  const blocks = sizes.reduce((sum, size) => sum + Math.ceil(size / BLOCK) + 1, 0);
  const bytes = blocks * BLOCK + (entries.length + OWN_INODES) * INODE;
  return Math.ceil((bytes * 1.01 + SPARE) / BLOCK) * BLOCK;
}

/** debugfs exits with 0 whatever went wrong. Each entry is looked up: one that lacks, or is short, means no room. */
async function isFilled(
  file: string,
  entries: readonly EntryOnDisk[],
  options: Parameters<typeof run>[2],
): Promise<boolean> {
  const free = await run("debugfs", ["-R", "stats -h", file], options);
  const blocks = /Free blocks:\s+(?<free>\d+)/.exec(free)?.groups?.free;
  const inodes = /Free inodes:\s+(?<free>\d+)/.exec(free)?.groups?.free;
  const total = /Inode count:\s+(?<total>\d+)/.exec(free)?.groups?.total;
  return blocks !== "0" && Number(total) - Number(inodes) === entries.length + USED_INODES;
}
