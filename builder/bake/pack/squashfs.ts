/** Squashfs: what every host's kernel can mount, and the reference's default. */
import { availableParallelism } from "node:os";
import { run } from "../../system/run.ts";
import { writeTar } from "../root/tar-writer.ts";
import type { Compression } from "./compression.ts";
import type { Packer } from "./packer.ts";
import { type Tool, versionOf } from "./tool.ts";

const MKSQUASHFS: Tool = {
  command: "mksquashfs",
  versionArgs: ["-version"],
  pattern: /version (?<version>[0-9.]+)/,
  package: "squashfs-tools",
};

/**
 * Its own default is a quarter of the machine's memory, most of which it touches once: with queues of some blocks a
 * processor it makes the same bytes in a quarter of the memory, and sooner.
 */
const QUEUES_MIB = Math.max(64, 32 * availableParallelism());

export function squashfs(compression: Compression): Packer {
  return {
    async tool() {
      // Before 4.5 it reads no tar from stdin.
      const needed = { version: "4.5", for: "squashfs images", instead: "use another --format" };
      return { mksquashfs: await versionOf(MKSQUASHFS, needed) };
    },

    async pack(entries, file, { epoch }, signal) {
      // mksquashfs refuses to be told its times twice.
      const env = { SOURCE_DATE_EPOCH: undefined };
      // Else the root's mode, of which no archive tells, is 0777.
      const args = ["-", file, "-tar", "-root-mode", "0755", ...squashfsArgs(compression, epoch)];
      await run("mksquashfs", args, { env, signal, input: writeTar(entries, epoch) });
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
    ...["-mem", `${QUEUES_MIB}M`],
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
