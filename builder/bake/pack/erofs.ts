/** Erofs: read-only as squashfs is, made for random reads. */
import { join } from "node:path";
import { run } from "../../system/run.ts";
import { writeFolder } from "../root/folder.ts";
import type { Compression } from "./compression.ts";
import type { Packer } from "./packer.ts";
import { type Tool, toolPath, versionOf } from "./tool.ts";

const MKFS_EROFS: Tool = {
  command: "mkfs.erofs",
  // 1.5 does not know it, and prints its version with the usage.
  versionArgs: ["-V"],
  pattern: /mkfs\.erofs[^0-9\n]*(?<version>[0-9]+\.[0-9.]+)/,
  package: "erofs-utils",
};
const ZSTD = { version: "1.8", for: "erofs with zstd", instead: "use --compression lz4hc" };
const ZERO_UUID = "00000000-0000-0000-0000-000000000000";

export function erofs({ name, level }: Compression): Packer {
  return {
    async tool() {
      return { "mkfs.erofs": await versionOf(MKFS_EROFS, name === "zstd" ? ZSTD : undefined) };
    },

    async pack(entries, file, { epoch, scratch }, signal) {
      const root = join(scratch, "root");
      await writeFolder(entries, root, epoch);
      // As the reference: 64 KiB clusters, small files' ends packed together.
      const args = [`-z${name},${level}`, "-C65536", "-Efragments,ztailpacking"];
      const same = [`-T${epoch}`, `-U${ZERO_UUID}`, "--all-root", "-x-1", "--quiet"];
      const env = { PATH: toolPath(), SOURCE_DATE_EPOCH: undefined };
      // From 1.8 on the mode of a temporary file of its own is in the image.
      await run("mkfs.erofs", [...args, ...same, file, root], { env, signal, umask: 0o022 });
    },
  };
}
