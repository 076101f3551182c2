/** Pack: makes an image file of an extension root, the same bytes whoever does it and whenever. */
import type { ImageFormat } from "../../schema/index.ts";
import { ToolError, UsageError } from "../system/errors.ts";
import { run } from "../system/run.ts";
import type { ExtensionRoot } from "./extension-root.ts";

export interface Packer {
  /** The program and its version; part of an image's inputs, for another one may compress differently. */
  tool(): Promise<Readonly<Record<string, string>>>;
  /** @param epoch seconds since 1970, for every time in the image */
  pack(root: ExtensionRoot, file: string, epoch: number, signal?: AbortSignal): Promise<void>;
}

/** @throws UsageError for a format that cannot be made here */
export function packerFor(format: ImageFormat): Packer {
  const packer = PACKERS[format];
  if (packer === undefined) throw new UsageError(`images in ${format} cannot be made`, { hint: "--format squashfs" });
  return packer;
}

/** Level 9 gzip in blocks of 128 KiB, as the reference; all files root's, without extended attributes. */
const squashfs: Packer = {
  async tool() {
    const banner = await run("mksquashfs", ["-version"]);
    const version = /version (?<number>[0-9.]+)/.exec(banner)?.groups?.number;
    if (version === undefined)
      throw new ToolError("mksquashfs does not say its version", { details: { said: banner } });
    return { mksquashfs: version };
  },

  async pack(root, file, epoch, signal) {
    const time = String(epoch);
    const args = [
      "-noappend",
      "-no-progress",
      "-quiet",
      "-all-root",
      "-no-xattrs",
      "-mkfs-time",
      time,
      "-all-time",
      time,
    ];
    // mksquashfs refuses to be told its times twice.
    await run("mksquashfs", [root.path, file, ...args], { env: { SOURCE_DATE_EPOCH: undefined }, signal });
  },
};

const PACKERS: Partial<Record<ImageFormat, Packer>> = { squashfs };

/** The formats that `packerFor` knows. */
export const FORMATS: readonly string[] = Object.keys(PACKERS);
