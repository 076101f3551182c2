/**
 * `contents.json`: what is in the images of a release, for people who want to know before they install it. The builder
 * reads it out of the images. Stored at `<release>/contents.json`.
 */
import * as v from "valibot";
import * as d from "./document.ts";
import { releaseName } from "./names.ts";
import type { ReleaseManifest } from "./release-manifest.ts";

/** So many of the largest files are named, per image; of the rest it is said how many they are. */
export const MAX_FILES_NAMED = 1000;
/** So many parts an image is cut into. */
export const MAX_PARTS = 16;
const MAX_UNITS = 500;

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000_000));
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(1024));
const unitName = v.pipe(v.string(), v.minLength(1), v.maxLength(255));

const imageContents = v.strictObject({
  arch: d.arch,
  /** Of the image that was read */
  sha256: d.sha256,
  /** Bytes of all files */
  unpackedSize: d.size,
  files: count,
  folders: count,
  symlinks: count,
  units: v.pipe(
    v.array(
      v.strictObject({
        unit: unitName,
        scope: v.picklist(["system", "user"]),
        /** The image has it; else it only asks for it */
        present: v.boolean(),
        /** Units that start it and keep it running once the image is merged */
        upheldBy: v.pipe(v.array(unitName), v.maxLength(MAX_UNITS)),
      }),
    ),
    v.maxLength(MAX_UNITS),
  ),
  /** Largest first, bytes */
  largest: v.pipe(v.array(v.strictObject({ path, size: d.size })), v.maxLength(MAX_FILES_NAMED)),
  /**
   * All of it, cut into folders and files, largest first: `usr/bin/kubelet`, `usr/share/`. What is too small for a
   * part of its own is in the one of its folder.
   */
  parts: v.pipe(v.array(v.strictObject({ path, size: d.size, files: count })), v.maxLength(MAX_PARTS)),
});

export const releaseContentsSchema = v.strictObject({
  schemaVersion: v.literal(1),
  extension: d.extensionName,
  version: d.version,
  images: v.pipe(v.array(imageContents), v.minLength(1), v.maxLength(d.arch.options.length)),
});

export type ReleaseContents = v.InferOutput<typeof releaseContentsSchema>;
export type ImageContents = ReleaseContents["images"][number];

/** @throws InvalidInput naming the field, `images[0].parts[2].size` */
export function parseReleaseContents(json: unknown): ReleaseContents {
  return d.parseDocument(releaseContentsSchema, "release contents", json);
}

/** Whether they are of a release's images, each of them; if not, what is wrong. */
export function unlike(contents: ReleaseContents, manifest: ReleaseManifest): string | undefined {
  const [name, other] = [releaseName(contents), releaseName(manifest)];
  if (name !== other) return `the contents are of ${name}, and not of ${other}`;
  const hashes = (images: readonly { arch: string; sha256: string }[]) =>
    new Set(images.map(({ arch, sha256 }) => `${arch} ${sha256}`));
  const isSame = hashes(contents.images).symmetricDifference(hashes(manifest.images)).size === 0;
  return isSame ? undefined : `the contents are of other images of ${name}`;
}

export function formatReleaseContents(contents: ReleaseContents): string {
  return `${JSON.stringify(contents)}\n`;
}
