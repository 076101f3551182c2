/** Squashfs: what every host's kernel can mount, and the reference's default. */
import { run } from "../../system/run.ts";
import type { Compression } from "./compression.ts";
import { normalise } from "./normalise.ts";
import type { Packer } from "./packer.ts";
import { type Tool, versionOf } from "./tool.ts";

const MKSQUASHFS: Tool = {
  command: "mksquashfs",
  versionArgs: ["-version"],
  pattern: /version (?<version>[0-9.]+)/,
  package: "squashfs-tools",
};

export function squashfs(compression: Compression): Packer {
  return {
    async tool() {
      // Before 4.5 it reads no tar from stdin.
      const needed = { version: "4.5", for: "squashfs images", instead: "use another --format" };
      return { mksquashfs: await versionOf(MKSQUASHFS, needed) };
    },

    async pack(root, file, { epoch }, signal) {
      await normalise(root, epoch);
      // mksquashfs refuses to be told its times twice.
      const env = { SOURCE_DATE_EPOCH: undefined };
      await run("mksquashfs", [root, file, ...squashfsArgs(compression, epoch)], { env, signal });
    },
  };
}

/** What follows the source and the image: all files root's, without extended attributes. */
export function squashfsArgs(compression: Compression, epoch: number): string[] {
  const time = String(epoch);
  return [
    "-noappend",
    "-no-progress",
    "-quiet",
    "-all-root",
    "-no-xattrs",
    ...["-mkfs-time", time, "-all-time", time],
    ...compressionArgs(compression),
  ];
}

function compressionArgs({ name, level }: Compression): string[] {
  const levels = level === undefined ? [] : ["-Xcompression-level", String(level)];
  switch (name) {
    case "gzip":
      // The reference's: blocks of 128 KiB.
      return ["-comp", "gzip", "-b", "128K", ...levels];
    case "lz4":
      return ["-comp", "lz4", "-Xhc", "-b", "1M"];
    default:
      return ["-comp", name, "-b", "1M", ...levels];
  }
}
