/**
 * Individual releases on GitHub: drafts first, published when every file has arrived. What is published is completed
 * where something is missing, and never changed.
 */
import {
  isSameRelease,
  parseImageFile,
  parseReleaseManifest,
  RELEASE_MANIFEST_FILE,
  type ReleaseManifest,
} from "../../../schema/index.ts";
import { UserError } from "../../system/errors.ts";
import type { GithubRelease } from "./answers.ts";
import { otherFiles } from "./assets.ts";
import { type Content, documentContents } from "./contents.ts";
import { releaseNotes } from "./notes.ts";
import type { GithubReleases, Notes } from "./releases.ts";

/**
 * @param drafts that killed runs have left, looked for once in a run
 * @returns names of the files that were not there
 */
export async function putRelease(
  releases: GithubReleases,
  manifest: ReleaseManifest,
  { contents, drafts }: { readonly contents: readonly Content[]; readonly drafts: () => Promise<GithubRelease[]> },
): Promise<string[]> {
  const notes = releaseNotes(manifest);
  const published = await releases.byTag(notes.tag);
  if (published !== undefined) return complete(releases, published, manifest, contents);
  const uploaded = await publishDraft(releases, { notes, drafts: await drafts() }, contents);
  if (uploaded !== undefined) return uploaded;
  // Somebody else has published it meanwhile.
  const other = await releases.byTag(notes.tag);
  if (other === undefined) throw new UserError(`GitHub does not publish ${notes.tag}, and says that it has`);
  return complete(releases, other, manifest, contents);
}

/** @returns names of the files that were sent; undefined where the tag is somebody else's by now */
async function publishDraft(
  releases: GithubReleases,
  { notes, drafts }: { readonly notes: Notes; readonly drafts: readonly GithubRelease[] },
  contents: readonly Content[],
): Promise<string[] | undefined> {
  const draft = drafts.find(({ tag_name }) => tag_name === notes.tag) ?? (await releases.createDraft(notes));
  const uploaded: string[] = [];
  for (const asset of draft.assets) {
    const content = contents.find(({ file }) => file === asset.name);
    const isWhole = content !== undefined && (await releases.assets.isWhole(asset, content));
    if (!isWhole) await releases.assets.delete(asset);
    else uploaded.push(asset.name);
  }
  const missing = contents.filter(({ file }) => !uploaded.includes(file));
  for (const content of missing) await releases.assets.upload(draft, content);
  const published = await releases.publish(draft, notes);
  if (published === undefined) {
    await releases.delete(draft);
    return undefined;
  }
  await demandFiles(releases, published, contents);
  return missing.map(({ file }) => file);
}

/** Somebody else may have been at the same draft. What machines get must be what the index will name. */
async function demandFiles(
  releases: GithubReleases,
  release: GithubRelease,
  contents: readonly Content[],
): Promise<void> {
  for (const content of contents.filter(({ file }) => parseImageFile(file) !== undefined)) {
    const asset = release.assets.find(({ name }) => name === content.file);
    if (asset === undefined || !(await releases.assets.isWhole(asset, content))) throw otherFiles(release.tag_name);
  }
}

/** What a published release lacks, killed by whatever tool has made it; what it has stays. */
async function complete(
  releases: GithubReleases,
  release: GithubRelease,
  manifest: ReleaseManifest,
  contents: readonly Content[],
): Promise<string[]> {
  const there = new Map(release.assets.filter(({ state }) => state === "uploaded").map((asset) => [asset.name, asset]));
  const described = there.get(RELEASE_MANIFEST_FILE);
  const own = contents.find(({ file }) => file === RELEASE_MANIFEST_FILE);
  let standing = manifest;
  if (described !== undefined && own !== undefined && !(await releases.assets.isWhole(described, own))) {
    standing = parseReleaseManifest((await releases.assets.bytesOf(described)).toString("utf8"));
    if (!isSameRelease(standing, manifest)) throw otherFiles(release.tag_name);
  }
  const isOurs = new Set([...manifest.images, ...manifest.transfers].map(({ file }) => file));
  for (const content of contents.filter(({ file }) => isOurs.has(file))) {
    const asset = there.get(content.file);
    if (asset !== undefined && !(await releases.assets.isWhole(asset, content))) throw otherFiles(release.tag_name);
  }
  const strange = [...there.keys()].some((name) => parseImageFile(name) !== undefined && !isOurs.has(name));
  if (strange) throw otherFiles(release.tag_name);

  const documents = documentContents(standing);
  const missing = contents
    .filter(({ file }) => !there.has(file))
    .map((content) => documents.find(({ file }) => file === content.file) ?? content);
  for (const content of missing) {
    // An upload that came to nothing has the name, and no bytes that anybody could have.
    const remains = release.assets.find(({ name }) => name === content.file);
    if (remains !== undefined) await releases.assets.delete(remains);
    await releases.assets.upload(release, content);
  }
  return missing.map(({ file }) => file);
}
