/** What differs between two images: entries by content, mode, kind and target, never by time. */
import { join } from "node:path";
import type { ImageEntry } from "../image/contents.ts";
import type { OpenImage } from "../image/open-image.ts";
import { type EntryShown, type Metadata, metadataOf, showEntry } from "../inspect/inspection.ts";
import { measureFile } from "../system/digest.ts";
import { type TextDiff, textDiff } from "./text-diff.ts";

export type Side = "before" | "after";
export type Sides<T> = Readonly<Record<Side, T>>;

export interface Change {
  readonly path: string;
  readonly before: EntryShown;
  readonly after: EntryShown;
  /** What of it differs */
  readonly what: readonly ("kind" | "mode" | "target" | "content")[];
  /** Bytes */
  readonly sizeDelta: number;
  readonly text?: TextDiff;
}

export interface Difference {
  readonly before: string;
  readonly after: string;
  /** Fields of the metadata that differ; those of the release file by their own names */
  readonly metadata: readonly { readonly field: string; readonly before?: string; readonly after?: string }[];
  readonly added: readonly EntryShown[];
  readonly removed: readonly EntryShown[];
  readonly changed: readonly Change[];
  /** Bytes */
  readonly unpackedDelta: number;
  readonly imageDelta: number;
}

export async function compare(images: Sides<OpenImage>, { texts }: { readonly texts: boolean }): Promise<Difference> {
  const metadata = { before: metadataOf(images.before), after: metadataOf(images.after) };
  const entries = { before: byPath(images.before), after: byPath(images.after) };
  const changed: Change[] = [];
  // Both files of a pair are read at once, pairs one after the other: images have thousands.
  for (const [path, before] of entries.before) {
    const after = entries.after.get(path);
    const change = after === undefined ? undefined : await changeOf(images, { before, after }, texts);
    if (change !== undefined) changed.push(change);
  }
  return {
    before: images.before.name,
    after: images.after.name,
    metadata: metadataDifferences(metadata),
    added: [...entries.after.values()].filter(({ path }) => !entries.before.has(path)).map(showEntry),
    removed: [...entries.before.values()].filter(({ path }) => !entries.after.has(path)).map(showEntry),
    changed,
    unpackedDelta: metadata.after.unpackedSize - metadata.before.unpackedSize,
    imageDelta: metadata.after.size - metadata.before.size,
  };
}

function byPath({ contents }: OpenImage): ReadonlyMap<string, ImageEntry> {
  return new Map(contents.entries.map((entry) => [entry.path, entry]));
}

async function changeOf(
  images: Sides<OpenImage>,
  { before, after }: Sides<ImageEntry>,
  texts: boolean,
): Promise<Change | undefined> {
  const { path } = before;
  const files = { before: join(images.before.folder, path), after: join(images.after.folder, path) };
  const areFiles = before.kind === "file" && after.kind === "file";
  const hasOtherContent = areFiles && (before.size !== after.size || !(await isSameContent(files)));
  const what = [
    ...(before.kind === after.kind ? [] : (["kind"] as const)),
    ...(before.mode === after.mode || before.kind !== after.kind ? [] : (["mode"] as const)),
    ...(before.target === after.target || before.kind !== after.kind ? [] : (["target"] as const)),
    ...(hasOtherContent ? (["content"] as const) : []),
  ];
  if (what.length === 0) return undefined;
  const text =
    hasOtherContent && texts ? await textDiff(path, files, { before: before.size, after: after.size }) : undefined;
  return {
    path,
    before: showEntry(before),
    after: showEntry(after),
    what,
    sizeDelta: after.size - before.size,
    ...(text !== undefined && { text }),
  };
}

async function isSameContent({ before, after }: Sides<string>): Promise<boolean> {
  const [one, other] = await Promise.all([measureFile(before), measureFile(after)]);
  return one.sha256 === other.sha256;
}

function metadataDifferences({ before, after }: Sides<Metadata>): Difference["metadata"] {
  const [one, other] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...one.keys(), ...other.keys()])]
    .map((field) => ({ field, before: one.get(field), after: other.get(field) }))
    .filter((row) => row.before !== row.after)
    .map(({ field, before: from, after: to }) => ({
      field,
      ...(from !== undefined && { before: from }),
      ...(to !== undefined && { after: to }),
    }));
}

/** Sizes and numbers are in the sum. */
function fieldsOf({ extension, release, format, compression, blockSize, sha256 }: Metadata): Map<string, string> {
  return new Map([
    ...(extension === undefined ? [] : [["name", extension] as const]),
    ...Object.entries(release),
    ["format", format],
    ...(compression === undefined ? [] : [["compression", compression] as const]),
    ["block size", String(blockSize)],
    ["sha256", sha256],
  ]);
}
