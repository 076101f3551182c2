/** What GitHub's API says of releases and their assets, as far as publishing needs it. */
import * as v from "valibot";
import { check } from "../../versions/read-answer.ts";

const asset = v.object({
  id: v.number(),
  name: v.string(),
  /** `uploaded`, or `starter`: an upload that came to nothing, or that is under way */
  state: v.string(),
  size: v.number(),
  /** `sha256:…`; assets from before June 2025 have none */
  digest: v.nullish(v.string()),
  /** Where anybody gets it, if the repository is public and the release published; it costs nothing of a rate limit */
  browser_download_url: v.nullish(v.string()),
});
const release = v.object({
  id: v.number(),
  tag_name: v.string(),
  /** Its title */
  name: v.nullish(v.string()),
  draft: v.boolean(),
  /** Where a repository has immutable releases, nothing of a published one can be changed */
  immutable: v.nullish(v.boolean()),
  published_at: v.nullish(v.string()),
  upload_url: v.string(),
  assets: v.array(asset),
});
export type GithubAsset = v.InferOutput<typeof asset>;
export type GithubRelease = v.InferOutput<typeof release>;

const WHO = "GitHub's API";

/** @throws UpstreamError */
export function parseAsset(url: string, value: unknown): GithubAsset {
  return check(value, asset, url, WHO);
}

/** @throws UpstreamError */
export function parseRelease(url: string, value: unknown): GithubRelease {
  return check(value, release, url, WHO);
}

/** @throws UpstreamError */
export function parseReleases(url: string, value: unknown): GithubRelease[] {
  return check(value, v.array(release), url, WHO);
}
