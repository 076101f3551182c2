/** What is in the images of a release, read out of them. */
import { join } from "node:path";
import {
  type ImageContents,
  MAX_FILES_NAMED,
  MAX_PARTS,
  parseReleaseContents,
  type ReleaseContents,
  type ReleaseManifest,
} from "../../schema/index.ts";
import type { ImageEntry } from "../image/contents.ts";
import { type OpenImage, type OpeningWorld, withImage } from "../image/open-image.ts";
import { metadataOf } from "../inspect/inspection.ts";
import { unitsIn } from "../inspect/units.ts";

/** @throws UserError for an image that is damaged */
export async function contentsOf(
  folder: string,
  manifest: ReleaseManifest,
  world: OpeningWorld,
): Promise<ReleaseContents> {
  const images: ImageContents[] = [];
  for (const { file, arch } of manifest.images) {
    images.push(await withImage(join(folder, file), world, async (image) => ({ arch, ...imageContents(image) })));
  }
  const { extension, version } = manifest;
  return parseReleaseContents({ schemaVersion: 1, extension, version, images });
}

function imageContents(image: OpenImage): Omit<ImageContents, "arch"> {
  const { sha256, unpackedSize, files: count, folders, symlinks } = metadataOf(image);
  const files = image.contents.entries.filter(({ kind }) => kind === "file");
  return {
    sha256,
    unpackedSize,
    files: count,
    folders,
    symlinks,
    units: unitsIn(image.contents).map(({ unit, scope, path, upheldBy }) => ({
      unit,
      scope: scope === "user" ? "user" : "system",
      present: path !== undefined,
      upheldBy: upheldBy.filter(({ how }) => how === "Upholds").map((by) => by.unit),
    })),
    largest: files
      .map(({ path, size }) => ({ path, size }))
      .sort(largestFirst)
      .slice(0, MAX_FILES_NAMED),
    parts: partsOf(files),
  };
}

type File = Pick<ImageEntry, "path" | "size">;
type Part = ImageContents["parts"][number];

/** A folder, `usr/bin/`, or a file; the root is the folder without a name. */
interface Tree extends File {
  readonly files: readonly File[];
}

/**
 * Cuts all of it into parts: the largest folder is cut again and again into its entries, for as long as there may be
 * more of them. Entries beyond that stay together, as what is left of their folder.
 */
export function partsOf(files: readonly File[]): Part[] {
  if (files.length === 0) return [];
  const done: Part[] = [];
  let open = [treeOf("", files)];
  for (;;) {
    open = open.toSorted(largestFirst);
    const [largest, ...others] = open;
    if (largest === undefined) break;
    const room = MAX_PARTS - done.length - others.length;
    const entries = entriesOf(largest);
    // Nothing that two would tell better than one.
    if (room < 2 && entries.length > 1) break;
    const kept = entries.length <= room ? entries : entries.slice(0, room - 1);
    const rest = entries.slice(kept.length).flatMap((entry) => entry.files);
    if (rest.length > 0) done.push(partOf(treeOf(largest.path, rest)));
    const isFile = ({ path }: Tree) => !path.endsWith("/");
    done.push(...kept.filter(isFile).map(partOf));
    open = [...others, ...kept.filter((entry) => !isFile(entry))];
  }
  return [...done, ...open.map(partOf)].map(named).sort(largestFirst);
}

/** Largest first. */
function entriesOf({ path, files }: Tree): Tree[] {
  const byEntry = Map.groupBy(files, (file) => {
    const end = file.path.indexOf("/", path.length);
    return end < 0 ? file.path : file.path.slice(0, end + 1);
  });
  return [...byEntry].map(([entry, own]) => treeOf(entry, own)).sort(largestFirst);
}

function treeOf(path: string, files: readonly File[]): Tree {
  return { path, size: files.reduce((sum, { size }) => sum + size, 0), files };
}

function partOf({ path, size, files }: Tree): Part {
  return { path, size, files: files.length };
}

/** Where not even the root could be cut. */
function named(part: Part): Part {
  return part.path === "" ? { ...part, path: "/" } : part;
}

function largestFirst(a: File, b: File): number {
  if (a.size !== b.size) return b.size - a.size;
  return a.path < b.path ? -1 : Number(a.path > b.path);
}
