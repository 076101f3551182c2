/** One release in a mirror: its images, each held against the index, its manifest and its transfer files. */
import {
  type Arch,
  BUILD_LOG_FILE,
  InvalidInput,
  MAX_BUILD_LOG_BYTES,
  MAX_TRANSFER_BYTES,
  parseReleaseContents,
  parseReleaseManifest,
  parseTransfer,
  publicPath,
  RELEASE_CONTENTS_FILE,
  RELEASE_DOCUMENTS,
  RELEASE_MANIFEST_FILE,
  type Release,
  type ReleaseManifest,
  readdressTransfer,
  releaseName,
  unlike,
} from "../../schema/index.ts";
import { measureFile, sha256Of } from "../system/digest.ts";
import { UpstreamError, WrongContentError } from "../system/errors.ts";
import { fetchImage } from "./fetch-image.ts";
import type { Mirroring } from "./mirroring.ts";
import type { ImageLine } from "./selection.ts";

export interface ReleaseToMirror extends Release {
  readonly images: readonly ImageLine[];
  /** Bytes, where the inventory says it */
  readonly sizes: ReadonlyMap<Arch, number>;
  /** Those that a run before has found right, by their names */
  readonly known: Readonly<Record<string, string>>;
  /** Whether a run before has written transfer files that are still to be as they are */
  readonly keepsTransfers: boolean;
}

export interface Fetched {
  readonly images: number;
  /** Of images */
  readonly bytes: number;
}

export function imagePath({ file, ...release }: ImageLine): string {
  return publicPath({ release: releaseName(release), file });
}

/** @throws UpstreamError for what is not there, or not what index and manifest say */
export async function mirrorRelease(release: ReleaseToMirror, world: Mirroring): Promise<Fetched> {
  const fetched = { images: 0, bytes: 0 };
  for (const image of release.images) {
    const bytes = await mirrorImage(image, release, world);
    if (bytes === undefined) continue;
    fetched.images += 1;
    fetched.bytes += bytes;
  }
  const manifest = await mirrorManifest(release, world);
  if (manifest !== undefined) await mirrorDocuments(manifest, world);
  // Of a bakery without manifests, the name that all of them have.
  const transfers = manifest?.transfers ?? [{ file: `${release.extension}.conf`, sha256: undefined }];
  for (const { file, sha256 } of transfers) {
    const path = publicPath({ release: releaseName(release), file });
    if (release.keepsTransfers && (await world.folder.has(path))) continue;
    await mirrorTransfer(path, world, sha256);
  }
  return fetched;
}

/** @returns bytes that were fetched; undefined where it was there */
async function mirrorImage(
  image: ImageLine,
  { known, sizes }: ReleaseToMirror,
  { bakery, folder, memory, progress, signal }: Mirroring,
): Promise<number | undefined> {
  const { file, sha256, arch } = image;
  const path = imagePath(image);
  if (await folder.has(path)) {
    if (known[file] === sha256 || (await measureFile(folder.at(path))).sha256 === sha256) return undefined;
  }
  const bytes = await fetchImage(
    { url: bakery.addressOf(path), sha256, size: sizes.get(arch), to: folder.at(path), partials: memory.partials },
    { http: bakery.http, progress, signal },
  );
  folder.written.add(path);
  return bytes;
}

/** @returns undefined where the bakery has none that we understand */
async function mirrorManifest(
  release: ReleaseToMirror,
  { bakery, folder }: Mirroring,
): Promise<ReleaseManifest | undefined> {
  const path = publicPath({ release: releaseName(release), file: RELEASE_MANIFEST_FILE });
  const bytes = (await folder.read(path)) ?? (await bakery.read(path));
  const manifest = bytes && understood(bytes, parseReleaseManifest);
  if (bytes === undefined || manifest === undefined) return undefined;
  for (const { file, sha256 } of release.images) {
    const told = manifest.images.find((image) => image.file === file);
    if (told?.sha256 === sha256) continue;
    throw new UpstreamError(`${path} and the index do not say the same of ${file}`, {
      details: { index: sha256, manifest: told?.sha256 ?? "nothing" },
      hint: "the bakery is damaged: ./bakery doctor",
    });
  }
  await folder.write(path, bytes);
  return manifest;
}

/** What follows from the manifest, what is in its images, and what its build has said. */
async function mirrorDocuments(manifest: ReleaseManifest, { bakery, folder }: Mirroring): Promise<void> {
  const pathOf = (file: string) => publicPath({ release: releaseName(manifest), file });
  for (const [file, format] of Object.entries(RELEASE_DOCUMENTS)) await folder.write(pathOf(file), format(manifest));
  await mirrorContents(manifest, pathOf(RELEASE_CONTENTS_FILE), { bakery, folder });
  const logPath = pathOf(BUILD_LOG_FILE);
  if (await folder.has(logPath)) return;
  const log = await bakery.read(logPath);
  if (log !== undefined && log.length <= MAX_BUILD_LOG_BYTES) await folder.write(logPath, log);
}

/** What the bakery says of other images than its manifest does is not passed on. */
async function mirrorContents(
  manifest: ReleaseManifest,
  path: string,
  { bakery, folder }: Pick<Mirroring, "bakery" | "folder">,
): Promise<void> {
  if (await folder.has(path)) return;
  const bytes = await bakery.read(path);
  const contents = bytes && understood(bytes, parseReleaseContents);
  if (bytes !== undefined && contents && unlike(contents, manifest) === undefined) await folder.write(path, bytes);
}

/**
 * Copies a transfer file, or leads it to the mirror.
 * @param sha256 what it has to be, where somebody says it
 * @returns whether there is one
 */
export async function mirrorTransfer(
  path: string,
  { bakery, folder, ownUrl }: Mirroring,
  sha256?: string,
): Promise<boolean> {
  const bytes = await bakery.read(path);
  if (bytes === undefined) return false;
  if (sha256 !== undefined && sha256Of(bytes) !== sha256) {
    const details = { url: bakery.addressOf(path), expected: sha256, actual: sha256Of(bytes) };
    throw new WrongContentError(`${path} is not what its release manifest says`, { details, hint: "try again" });
  }
  if (bytes.length > MAX_TRANSFER_BYTES || understood(bytes, parseTransfer) === undefined) return false;
  await folder.write(path, ownUrl === undefined ? bytes : readdressTransfer(bytes.toString("utf8"), ownUrl));
  return true;
}

/** Undefined for what makes no sense: some servers answer with a page where there is nothing. */
export function understood<T>(bytes: Buffer, parse: (text: string) => T): T | undefined {
  try {
    return parse(bytes.toString("utf8"));
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return undefined;
  }
}
