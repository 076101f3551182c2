/** Btrfs: best effort. mkfs.btrfs has no way to make the same bytes twice. */
import { join } from "node:path";
import { run } from "../../system/run.ts";
import { writeFolder } from "../root/folder.ts";
import { type Compression, formatCompression } from "./compression.ts";
import type { Packer } from "./packer.ts";
import { type Tool, toolPath, versionOf } from "./tool.ts";

const MKFS_BTRFS: Tool = {
  command: "mkfs.btrfs",
  versionArgs: ["--version"],
  pattern: /btrfs-progs v(?<version>[0-9.]+)/,
  package: "btrfs-progs",
};
/** Changelog of btrfs-progs: `mkfs: add --compress`. */
const COMPRESS = { version: "6.13", for: "compressed btrfs images", instead: "use --compression none" };

export function btrfs(compression: Compression): Packer {
  const isCompressed = compression.name !== "none";
  return {
    tool: async () => ({ "mkfs.btrfs": await versionOf(MKFS_BTRFS, isCompressed ? COMPRESS : undefined) }),

    async pack(entries, file, { epoch, scratch }, signal) {
      const root = join(scratch, "root");
      await writeFolder(entries, root, epoch);
      // As the reference: one copy of everything, no larger than need be.
      const args = ["--quiet", "--mixed", "-m", "single", "-d", "single", "--shrink", "--rootdir", root];
      const compress = isCompressed ? ["--compress", formatCompression(compression)] : [];
      await run("mkfs.btrfs", [...args, ...compress, file], { env: { PATH: toolPath() }, signal });
    },
  };
}
