/** Pack: makes an image file of what passes by, the same bytes whoever does it and whenever, where the format can. */
import { IMAGE_FORMATS, type ImageFormat } from "../../../schema/index.ts";
import type { Entries } from "../root/entry.ts";
import { btrfs } from "./btrfs.ts";
import { parseCompression } from "./compression.ts";
import { erofs } from "./erofs.ts";
import { ext } from "./ext.ts";
import { squashfs } from "./squashfs.ts";

export interface PackOptions {
  /** Seconds since 1970, for every time in the image. */
  readonly epoch: number;
  /** The most that an ext2 or ext4 image may need while it is made, as truncate(1) spells it. */
  readonly size?: string | undefined;
  /** An empty folder, for those who can only pack what is on disk. */
  readonly scratch: string;
}

export interface Packer {
  /** The program and its version; part of an image's inputs, for another one may compress differently. */
  tool(): Promise<Readonly<Record<string, string>>>;
  /** @param file where the image goes; whatever is written there when it fails is the caller's to remove */
  pack(entries: Entries, file: string, options: PackOptions, signal?: AbortSignal): Promise<void>;
}

/**
 * @param compression `name` or `name:level`; default: the format's
 * @throws UsageError for a compression that the format has not
 */
export function packerFor(format: ImageFormat, compression?: string): Packer {
  const chosen = parseCompression(format, compression);
  switch (format) {
    case "squashfs":
      return squashfs(chosen);
    case "erofs":
      return erofs(chosen);
    case "ext4":
    case "ext2":
      return ext(format);
    case "btrfs":
      return btrfs(chosen);
  }
}

export const FORMATS: readonly string[] = IMAGE_FORMATS;
