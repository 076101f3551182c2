/** Unpacks an image of any format into a folder, without a mount and without root. */
import { chmod } from "node:fs/promises";
import type { ImageFormat } from "../../schema/index.ts";
import { run } from "../system/run.ts";
import { btrfs } from "./btrfs.ts";
import { type Contents, type ImageEntry, readTree } from "./contents.ts";
import { erofs } from "./erofs.ts";
import { ext } from "./ext.ts";
import { damaged, type ImageFile } from "./image-file.ts";
import type { Listed, Listing } from "./listing.ts";
import { squashfs } from "./squashfs.ts";

export interface Reader {
  /** What is in the image, by its own word. Throws what says which package lacks, or how the image is damaged. */
  list(image: ImageFile, signal?: AbortSignal): Promise<Listing>;
  /** @param folder empty; modes and owners in it do not matter */
  unpack(image: ImageFile, folder: string, signal?: AbortSignal): Promise<void>;
}

const READERS = { squashfs, erofs, ext4: ext, ext2: ext, btrfs } satisfies Record<ImageFormat, Reader>;

/**
 * @param folder an empty folder of ours
 * @returns what is in the image, with modes as they are there; files can be read in the folder
 */
export async function unpack(image: ImageFile, folder: string, signal?: AbortSignal): Promise<Contents> {
  const reader = READERS[image.superblock.format];
  const listed = withoutLostAndFound((await reader.list(image, signal)).entries);
  try {
    await reader.unpack(image, folder, signal);
  } finally {
    // Else nobody but root could read, or remove, what the image closes to its owner. The root is in no listing.
    await chmod(folder, 0o700);
    if (isClosed(listed)) await run("chmod", ["-R", "-f", "u+rwX", folder]).catch(() => {});
  }
  const { entries, texts } = await readTree(folder);
  const present = entries.filter(({ path }) => path !== LOST_AND_FOUND || listed.has(path));
  return { entries: withListedModes(image, present, listed), texts };
}

/** Whether there is something that its owner may not read, or look into. */
function isClosed(listed: ReadonlyMap<string, Listed>): boolean {
  const NEEDED = { file: 0o400, folder: 0o700, symlink: 0, other: 0 };
  return listed.values().some(({ kind, mode }) => (mode & NEEDED[kind]) !== NEEDED[kind]);
}

const LOST_AND_FOUND = "lost+found";

/** The ext family's own, and no content, unless there is something in it. */
function withoutLostAndFound(listed: ReadonlyMap<string, Listed>): ReadonlyMap<string, Listed> {
  const isUsed = [...listed.keys()].some((path) => path.startsWith(`${LOST_AND_FOUND}/`));
  return isUsed ? listed : new Map([...listed].filter(([path]) => path !== LOST_AND_FOUND));
}

/** A program that unpacks may exit with 0 and leave things out, so both are held against each other. */
function withListedModes(
  image: ImageFile,
  entries: readonly ImageEntry[],
  listed: ReadonlyMap<string, Listed>,
): ImageEntry[] {
  const found = new Set(entries.map(({ path }) => path));
  const lacking = listed.values().find(({ path, kind }) => kind !== "symlink" && !found.has(path));
  if (lacking !== undefined) throw damaged(image, `${lacking.path} cannot be unpacked`);
  return entries.map((entry) => {
    // A symlink's name may have an arrow in it, which a listing does not tell from its own.
    if (entry.kind === "symlink") return entry;
    const { kind, size, mode } = listed.get(entry.path) ?? {};
    if (kind === entry.kind && size === entry.size && mode !== undefined) return { ...entry, mode };
    throw damaged(image, `${entry.path} cannot be unpacked whole`);
  });
}
