/**
 * What was published lately, of one extension or of all: what feeds are made of. That of all is a record of its own,
 * `.feed/recent.json`, so that no feed and no publication reads every inventory.
 */
import * as v from "valibot";
import * as d from "./document.ts";
import { type Inventory, type PublishedRelease, publishedRelease } from "./inventory.ts";

/** What a feed has of the newest; readers keep the others. */
const MAX_RECENT = 50;

const recentRelease = v.strictObject({
  extension: d.extensionName,
  ...v.omit(publishedRelease, ["signature", "pruned"]).entries,
});

const recentReleasesSchema = v.strictObject({
  schemaVersion: v.literal(1),
  releases: v.pipe(v.array(recentRelease), v.maxLength(MAX_RECENT)),
});

export type RecentReleases = v.InferOutput<typeof recentReleasesSchema>;
export type RecentRelease = RecentReleases["releases"][number];

/** @throws InvalidInput naming the field, `releases[3].version` */
export function parseRecentReleases(json: unknown): RecentReleases {
  return d.parseDocument(recentReleasesSchema, "recent releases", json);
}

export function formatRecentReleases(recent: RecentReleases): string {
  return `${JSON.stringify(recent, null, 2)}\n`;
}

export function noRecentReleases(): RecentReleases {
  return { schemaVersion: 1, releases: [] };
}

/** When there was news of a release last, in milliseconds: published, withdrawn, or listed again. */
export function changedAt({ publishedAt, yanked, restoredAt }: RecentRelease | PublishedRelease): number {
  const times = [publishedAt, yanked?.at, restoredAt].filter((time) => time !== undefined);
  return Math.max(...times.map((time) => Date.parse(time)));
}

/**
 * Of one extension, latest news first. What is withdrawn stays, for that is news as well; what is pruned does not, for
 * its files go.
 */
export function recentReleasesOf({ extension, releases }: Inventory): RecentRelease[] {
  const kept = releases.filter(({ pruned }) => pruned === undefined);
  return latest(kept).map(({ signature, pruned, ...release }) => ({ extension, ...release }));
}

/** The record with what an inventory says now of its extension; the very same one where that is no news. */
export function withRecentReleasesOf(inventory: Inventory, before: RecentReleases): RecentReleases {
  const others = before.releases.filter(({ extension }) => extension !== inventory.extension);
  const after = { ...before, releases: latest([...recentReleasesOf(inventory), ...others]) };
  return formatRecentReleases(after) === formatRecentReleases(before) ? before : after;
}

function latest<T extends RecentRelease | PublishedRelease>(releases: readonly T[]): T[] {
  const times = new Map(releases.map((release) => [release, changedAt(release)]));
  return releases.toSorted((a, b) => (times.get(b) ?? 0) - (times.get(a) ?? 0)).slice(0, MAX_RECENT);
}
