/** The files of a release and of its extension, all but what lists them: inventory, indexes and feeds. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  BUILD_LOG_FILE,
  EXTENSION_PROFILE_FILE,
  type ExtensionProfile,
  formatExtensionProfile,
  formatReleaseContents,
  formatReleaseManifest,
  InvalidInput,
  isSameRelease,
  keptProfile,
  type Locator,
  NOOP_TRANSFER,
  parseExtensionProfile,
  parseReleaseManifest,
  publicPath,
  RELEASE_CONTENTS_FILE,
  RELEASE_DOCUMENTS,
  RELEASE_MANIFEST_FILE,
  type Release,
  type ReleaseManifest,
  releaseName,
} from "../../../schema/index.ts";
import type { LocalRelease } from "../publisher.ts";
import type { BakeryFolder } from "./folder.ts";

export interface Standing {
  /** Whether it is published already: what is there of it stays */
  readonly isPublished: boolean;
  /** Of all releases of its extension */
  readonly isNewest: boolean;
}

/**
 * @returns public paths of what was changed
 * @throws InvalidInput where other bytes are published under this version
 */
export async function putReleaseFiles(
  folder: BakeryFolder,
  release: LocalRelease,
  { isPublished: keep, isNewest }: Standing,
): Promise<string[]> {
  const { folder: from, manifest, log, contents, profile } = release;
  const { extension } = manifest;
  const name = releaseName(manifest);
  const standing = keep ? await standingManifest(folder, manifest) : manifest;
  const written: string[] = [];
  const note = async (at: Locator, wrote: Promise<boolean>) => {
    if (await wrote) written.push(publicPath(at));
  };
  const put = (file: string, text: string | undefined, stays = keep) =>
    text === undefined ? undefined : note({ release: name, file }, folder.write({ release: name, file }, text, stays));

  for (const { file, sha256 } of manifest.images) {
    const at = { release: name, file };
    await note(at, folder.copy(join(from, file), at, sha256));
  }
  for (const { file } of manifest.transfers) {
    const text = await readFile(join(from, file), "utf8");
    await put(file, text);
    // The extension's own transfer files are those of its newest release.
    if (isNewest) await note({ release: extension, file }, folder.write({ release: extension, file }, text));
  }
  await put(RELEASE_MANIFEST_FILE, formatReleaseManifest(manifest));
  for (const [file, format] of Object.entries(RELEASE_DOCUMENTS)) await put(file, format(standing), false);
  await put(BUILD_LOG_FILE, log);
  await put(RELEASE_CONTENTS_FILE, contents && formatReleaseContents(contents));
  if (profile !== undefined) await note(profileLocator(profile), putProfile(folder, profile));
  const noopAt = { release: "noop", file: "noop.conf" };
  await note(noopAt, folder.write(noopAt, NOOP_TRANSFER));
  return written;
}

/**
 * That of a newer version stays.
 * @returns whether anything has changed
 */
export async function putProfile(folder: BakeryFolder, profile: ExtensionProfile): Promise<boolean> {
  const at = profileLocator(profile);
  const there = await folder.document(at, parseExtensionProfile);
  return folder.write(at, formatExtensionProfile(keptProfile(there, profile)));
}

export function profileLocator({ extension }: Pick<ExtensionProfile, "extension">): Locator {
  return { release: extension, file: EXTENSION_PROFILE_FILE };
}

export function manifestLocator(release: Release): Locator {
  return { release: releaseName(release), file: RELEASE_MANIFEST_FILE };
}

/**
 * The manifest of a release that is published. Images are held against the inventory; transfer files are in the
 * manifest only.
 */
async function standingManifest(folder: BakeryFolder, manifest: ReleaseManifest): Promise<ReleaseManifest> {
  const published = await folder.document(manifestLocator(manifest), parseReleaseManifest);
  if (published === undefined || isSameRelease(published, manifest)) return published ?? manifest;
  throw new InvalidInput("release", `${releaseName(manifest)} is published already, with other files`);
}
