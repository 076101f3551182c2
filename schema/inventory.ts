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

const publishedRelease = v.strictObject({
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
  yanked: v.optional(v.strictObject({ at: d.timestamp, reason: v.pipe(v.string(), v.minLength(1)) })),
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

/**
 * Adds a release, newest first. What is published already is left as it is.
 * @throws InvalidInput where other bytes are published under this version: a release never changes
 */
export function addRelease(inventory: Inventory, manifest: ReleaseManifest, publishedAt: Date): Inventory {
  const images = manifest.images.map(({ arch, size, sha256 }) => ({ arch, size, sha256 }));
  const known = inventory.releases.find(({ version }) => version === manifest.version);
  if (known === undefined) {
    const added = { version: manifest.version, publishedAt: publishedAt.toISOString(), images };
    const releases = [...inventory.releases, added].toSorted((a, b) => newestFirst(a.version, b.version));
    return { ...inventory, releases };
  }

  const hashes = (list: typeof images) => new Set(list.map(({ arch, sha256 }) => `${arch} ${sha256}`));
  if (hashes(known.images).symmetricDifference(hashes(images)).size > 0) {
    throw new InvalidInput("release", `${releaseName(manifest)} is published already, with other images`);
  }
  return inventory;
}

/** The lines of an extension's index, newest first: every image of every release that is not yanked. */
export function indexOf({ extension, releases }: Inventory): IndexEntry[] {
  return releases
    .filter(({ yanked }) => yanked === undefined)
    .flatMap(({ version, images }) =>
      images.map(({ arch, sha256 }) => ({ file: imageFile({ extension, version }, arch), sha256 })),
    );
}
