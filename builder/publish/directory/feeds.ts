/**
 * The feeds of a folder: what was published lately of an extension, and of all. They say what those of a bakery say, and
 * by the address that transfer files have, for a folder does not know where it is hosted.
 */
import { join } from "node:path";
import {
  bakeryOf,
  FEED_FORMATS,
  type Feed,
  feedLocator,
  formatRecentReleases,
  type Inventory,
  makeFeed,
  noRecentReleases,
  parseRecentReleases,
  parseReleaseManifest,
  publicPath,
  RECENT_RELEASES,
  type RecentReleases,
  recentReleasesOf,
  releaseName,
  storageKey,
  withRecentReleasesOf,
} from "../../../schema/index.ts";
import { readDocument } from "../../system/read-document.ts";
import { writeText } from "../../system/work-dir.ts";
import type { BakeryFolder } from "./folder.ts";
import { manifestLocator } from "./release-files.ts";

/** @throws UserError where the record is damaged */
export async function readRecent(folder: BakeryFolder): Promise<RecentReleases> {
  return (await readDocument(recordOf(folder), parseRecentReleases)) ?? noRecentReleases();
}

/**
 * Puts the extension's feeds, and with its releases those of all. None where nobody knows the address, which a feed has
 * to have.
 * @returns public paths of what was changed
 */
export async function putFeeds(folder: BakeryFolder, inventory: Inventory): Promise<string[]> {
  const { extension } = inventory;
  const before = await readRecent(folder);
  const recent = withRecentReleasesOf(inventory, before);
  if (recent !== before) await writeText(recordOf(folder), formatRecentReleases(recent));
  const base = await addressOf(folder, inventory);
  if (base === undefined) return [];
  return [
    ...(await putFeed(folder, makeFeed(recentReleasesOf(inventory), { base, extension }), extension)),
    ...(await putFeed(folder, makeFeed(recent.releases, { base }))),
  ];
}

async function putFeed(folder: BakeryFolder, feed: Feed | undefined, extension?: string): Promise<string[]> {
  if (feed === undefined) return [];
  const written: string[] = [];
  for (const kind of ["atom-feed", "json-feed"] as const) {
    const at = feedLocator(kind, extension);
    if (await folder.write(at, FEED_FORMATS[kind](feed))) written.push(publicPath(at));
  }
  return written;
}

/** Where machines ask that have the transfer files of the newest release. */
async function addressOf(folder: BakeryFolder, { extension, releases }: Inventory): Promise<string | undefined> {
  const [newest] = releases;
  if (newest === undefined) return undefined;
  const release = { extension, version: newest.version };
  const manifest = await folder.document(manifestLocator(release), parseReleaseManifest);
  for (const { file } of manifest?.transfers ?? []) {
    const address = await folder.document({ release: releaseName(release), file }, bakeryOf);
    if (address !== undefined) return address;
  }
  return undefined;
}

/** No reader of feeds sees it; it lies where a bucket has it. */
function recordOf({ root }: BakeryFolder): string {
  return join(root, storageKey(RECENT_RELEASES));
}
