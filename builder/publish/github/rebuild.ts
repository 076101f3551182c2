/** The inventory of an extension as its releases on GitHub have it, whatever its metadata says. */
import {
  ARCHES,
  emptyInventory,
  findRelease,
  INDEX_FILE,
  InvalidInput,
  type Inventory,
  imageFile,
  isSha256,
  newestFirst,
  type PublishedRelease,
  parseReleaseName,
  parseSha256Sums,
} from "../../../schema/index.ts";
import { UserError } from "../../system/errors.ts";
import type { GithubAsset, GithubRelease } from "./answers.ts";
import { assetContent, type Content, SIGNATURE_FILES } from "./contents.ts";
import { inventoryIn } from "./indexes.ts";
import type { Metadata } from "./metadata.ts";
import type { GithubReleases } from "./releases.ts";

export interface Rebuilt {
  /** As it was; the same object as `inventory` where that is right */
  readonly before: Inventory;
  readonly inventory: Inventory;
  /** The transfer files of the newest release */
  readonly transfers: readonly Content[];
}

/** @throws UserError where there is no release of it */
export async function rebuiltInventory(
  extension: string,
  metadata: Metadata,
  releases: GithubReleases,
): Promise<Rebuilt> {
  const before = await inventoryIn(metadata).catch((error) => {
    if (error instanceof UserError && error.cause instanceof InvalidInput) return emptyInventory(extension);
    throw error;
  });
  const all = (await releases.all()).filter(({ draft }) => !draft);
  const found: { readonly published: PublishedRelease; readonly release: GithubRelease }[] = [];
  for (const release of all) {
    const { version } = parsedName(release, extension) ?? {};
    if (version === undefined) continue;
    const published = await publishedRelease({ extension, version }, release, { before, releases });
    if (published !== undefined) found.push({ published, release });
  }
  const [newest] = found.sort((a, b) => newestFirst(a.published.version, b.published.version));
  if (newest === undefined) throw new UserError(`nothing is published of ${extension} in ${releases.repository}`);
  const rebuilt = { ...before, releases: found.map(({ published }) => published) };
  const isSame = JSON.stringify(rebuilt) === JSON.stringify(before);
  return { before, inventory: isSame ? before : rebuilt, transfers: await transfersOf(newest.release, releases) };
}

function parsedName({ tag_name }: GithubRelease, extension: string) {
  const name = parseReleaseName(tag_name);
  return name?.extension === extension ? name : undefined;
}

/** Undefined for a release without an image. What the inventory knows of it stays, where it fits. */
async function publishedRelease(
  { extension, version }: { extension: string; version: string },
  release: GithubRelease,
  { before, releases }: { before: Inventory; releases: GithubReleases },
): Promise<PublishedRelease | undefined> {
  const uploaded = release.assets.filter(({ state }) => state === "uploaded");
  const images: PublishedRelease["images"] = [];
  for (const arch of ARCHES) {
    const asset = uploaded.find(({ name }) => name === imageFile({ extension, version }, arch));
    if (asset === undefined) continue;
    images.push({ arch, size: asset.size, sha256: await hashOf(asset, uploaded, releases) });
  }
  if (images.length === 0) return undefined;
  const known = findRelease(before, version);
  if (known !== undefined && isSameSet(known.images, images)) return known;
  const signature = await signatureOf(uploaded, releases);
  const publishedAt = release.published_at ?? new Date().toISOString();
  return { version, publishedAt, images, ...(signature !== undefined && { signature }) };
}

/** As GitHub states it, which has hashed it; of old assets as the release's own index does, which its publisher made. */
async function hashOf(asset: GithubAsset, uploaded: readonly GithubAsset[], releases: GithubReleases): Promise<string> {
  const index = asset.digest ? undefined : uploaded.find(({ name }) => name === INDEX_FILE);
  const text = index === undefined ? "" : (await releases.assets.bytesOf(index)).toString("utf8");
  const line = text === "" ? undefined : parseSha256Sums(text).find(({ file }) => file === asset.name);
  return line !== undefined && isSha256(line.sha256) ? line.sha256 : releases.assets.sha256Of(asset);
}

function isSameSet(one: PublishedRelease["images"], other: PublishedRelease["images"]): boolean {
  const keys = (images: PublishedRelease["images"]) =>
    new Set(images.map(({ arch, size, sha256 }) => `${arch} ${size} ${sha256}`));
  return keys(one).symmetricDifference(keys(other)).size === 0;
}

/** A release keeps the signature of its own lines beside them. */
async function signatureOf(uploaded: readonly GithubAsset[], releases: GithubReleases): Promise<string | undefined> {
  const asset = uploaded.find(({ name }) => name === SIGNATURE_FILES[0]);
  return asset && (await releases.assets.bytesOf(asset)).toString("base64");
}

async function transfersOf({ assets }: GithubRelease, releases: GithubReleases): Promise<Content[]> {
  const transfers = assets.filter(({ name, state }) => name.endsWith(".conf") && state === "uploaded");
  return Promise.all(transfers.map((asset) => assetContent(asset, releases.assets)));
}
