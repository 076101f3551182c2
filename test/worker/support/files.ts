/** Files that tests publish. */
import {
  emptyInventory,
  findRelease,
  formatInventory,
  formatPublishedIndex,
  type Inventory,
  parseInventory,
  parseReleaseName,
  unsignedIndex,
} from "../../../schema/index.ts";
import { sha256Hex } from "../../../worker/digest.ts";

export const IMAGE_KEY = "kubernetes-v1.32.2/kubernetes-v1.32.2-x86-64.raw";
export const IMAGE_PATH = "/extensions/kubernetes/kubernetes-v1.32.2-x86-64.raw";
/** The inventory that has the image's release. */
export const INVENTORY_KEY = "kubernetes/releases.json";
export const IMAGE = "0123456789abcdefghijklmnopqrstuvwxyz";

export const TRANSFER_KEY = "kubernetes/kubernetes.conf";
export const TRANSFER_PATH = "/extensions/kubernetes.conf";
export const TRANSFER = "[Source]\nType=url-file\n";

export const INDEX_KEY = "kubernetes/index.json";
export const INDEX_PATH = "/extensions/kubernetes/SHA256SUMS";
export const INDEX = `${"a".repeat(64)}  kubernetes-v1.32.2-x86-64.raw\n`;
export const NEXT_INDEX = `${"b".repeat(64)}  kubernetes-v1.32.3-x86-64.raw\n${INDEX}`;

/** Puts a file the way the publisher does: R2 knows its hash, and the inventory the release that it is of. */
export async function putFile(bucket: R2Bucket, key: string, text: string): Promise<R2Object> {
  await announce(bucket, key.slice(0, key.indexOf("/")));
  return await bucket.put(key, text, { sha256: await sha256(text) });
}

/** Adds a release to the inventory of its extension, if it is not there and the name is a release's. */
export async function announce(bucket: R2Bucket, name: string): Promise<void> {
  const release = parseReleaseName(name);
  if (release === undefined) return;
  const key = `${release.extension}/releases.json`;
  const stored = await bucket.get(key);
  const inventory = stored === null ? emptyInventory(release.extension) : parseInventory(await stored.text());
  if (findRelease(inventory, release.version) !== undefined) return;
  await bucket.put(key, formatInventory(inventoryWith(inventory, release.version)));
}

function inventoryWith(inventory: Inventory, version: string): Inventory {
  const publishedAt = "2026-01-17T03:04:05Z";
  const images = [{ arch: "x86-64" as const, size: 36, sha256: "a".repeat(64) }];
  return { ...inventory, releases: [...inventory.releases, { version, publishedAt, images }] };
}

/** Publishes an index, in effect since long. */
export async function putIndex(bucket: R2Bucket, text: string, release = "kubernetes", signature?: string) {
  const index = unsignedIndex(text, new Date("2026-01-17T03:04:05Z"));
  if (signature !== undefined) Object.assign(index.generations[0] ?? {}, { signatures: { index: btoa(signature) } });
  return await putFile(bucket, `${release}/index.json`, formatPublishedIndex(index));
}

/** An inventory of these versions, none of which is withdrawn. */
export function inventoryText(extension: string, ...versions: string[]): string {
  return formatInventory(versions.reduce(inventoryWith, emptyInventory(extension)));
}

export async function sha256(text: string): Promise<string> {
  return await sha256Hex(new TextEncoder().encode(text));
}
