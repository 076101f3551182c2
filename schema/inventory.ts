/**
 * `releases.json`: what is published of an extension. Being in here is being published: the index follows from it, so
 * a file that nobody's inventory names is not to be seen, and a yanked release drops out of the index and keeps its
 * files. Stored at `<ext>/releases.json`.
 */
import * as v from "valibot";
import * as d from "./document.ts";
import { InvalidInput } from "./invalid-input.ts";
import { imageFile, releaseName } from "./names.ts";
import type { ReleaseManifest } from "./release-manifest.ts";
import type { IndexEntry } from "./sha256sums.ts";
import { newestFirst } from "./version.ts";

export const publishedRelease = v.strictObject({
  version: d.version,
  publishedAt: d.timestamp,
  images: v.pipe(
    v.array(v.strictObject({ arch: d.arch, size: d.size, sha256: d.sha256 })),
    v.minLength(1),
    v.checkItems(
      ({ arch }, at, images) => images.findIndex((other) => other.arch === arch) === at,
      "a second image for this arch",
    ),
  ),
  /**
   * Of this release's own lines, by whoever published it. Who signs the whole index later sees by it that the lines
   * come from a publisher, and were not put there by the server that keeps them.
   */
  signature: v.optional(d.signature),
  yanked: v.optional(v.strictObject({ at: d.timestamp, reason: v.pipe(v.string(), v.minLength(1)) })),
  /** When it was listed again, after it was withdrawn */
  restoredAt: v.optional(d.timestamp),
  /** To be deleted for good: not before the indexes that name it are forgotten everywhere */
  pruned: v.optional(
    v.strictObject({
      at: d.timestamp,
      /** From when on no index names it */
      unlistedAt: v.optional(d.timestamp),
      /** When its files were deleted. Its version stays taken, for its bytes may be on machines. */
      deletedAt: v.optional(d.timestamp),
    }),
  ),
});

export const inventorySchema = v.strictObject({
  schemaVersion: v.literal(1),
  extension: d.extensionName,
  releases: v.pipe(
    v.array(publishedRelease),
    v.checkItems(
      ({ version }, at, releases) => releases.findIndex((other) => other.version === version) === at,
      "a second release of this version",
    ),
  ),
});

export type Inventory = v.InferOutput<typeof inventorySchema>;
export type PublishedRelease = Inventory["releases"][number];

/** @throws InvalidInput naming the field, `releases[3].version` */
export function parseInventory(json: unknown): Inventory {
  return d.parseDocument(inventorySchema, "inventory", json);
}

export function formatInventory(inventory: Inventory): string {
  return `${JSON.stringify(inventory, null, 2)}\n`;
}

export function emptyInventory(extension: string): Inventory {
  return { schemaVersion: 1, extension, releases: [] };
}

export interface Publication {
  readonly publishedAt: Date;
  readonly signature?: string | undefined;
}

/**
 * Adds a release, newest first. What is published already is left as it is.
 * @throws InvalidInput where other bytes are published under this version: a release never changes
 */
export function addRelease(
  inventory: Inventory,
  manifest: ReleaseManifest,
  { publishedAt, signature }: Publication,
): Inventory {
  const images = manifest.images.map(({ arch, size, sha256 }) => ({ arch, size, sha256 }));
  const known = findRelease(inventory, manifest.version);
  if (known === undefined) {
    const added = {
      version: manifest.version,
      publishedAt: publishedAt.toISOString(),
      images,
      ...(signature !== undefined && { signature }),
    };
    const releases = [...inventory.releases, added].toSorted((a, b) => newestFirst(a.version, b.version));
    return { ...inventory, releases };
  }

  const hashes = (list: typeof images) => new Set(list.map(({ arch, sha256 }) => `${arch} ${sha256}`));
  if (hashes(known.images).symmetricDifference(hashes(images)).size > 0) {
    throw new InvalidInput("release", `${releaseName(manifest)} is published already, with other images`);
  }
  return inventory;
}

export function findRelease({ releases }: Inventory, version: string): PublishedRelease | undefined {
  return releases.find((release) => release.version === version);
}

/** Whether machines get it: neither withdrawn nor on its way out. */
export function isListed({ yanked, pruned }: PublishedRelease): boolean {
  return yanked === undefined && pruned === undefined;
}

/** The lines of an extension's index, newest first: every image of every release that is listed. */
export function indexOf({ extension, releases }: Inventory): IndexEntry[] {
  return releases.filter(isListed).flatMap((release) => linesOf(extension, release));
}

/** The lines that one release has in the index. */
export function linesOf(extension: string, { version, images }: Pick<PublishedRelease, "version" | "images">) {
  return images.map(({ arch, sha256 }): IndexEntry => ({ file: imageFile({ extension, version }, arch), sha256 }));
}
