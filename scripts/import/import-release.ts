/** One release of another bakery, brought into a folder as one that can be published, with a manifest that says so. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeManifest } from "../../builder/bake/release.ts";
import { readSuperblock } from "../../builder/image/format.ts";
import { fetchImage } from "../../builder/mirror/fetch-image.ts";
import { measureFile, sha256Of } from "../../builder/system/digest.ts";
import { NotFoundError, UpstreamError } from "../../builder/system/errors.ts";
import type { Progress } from "../../builder/system/progress.ts";
import {
  ARCHES,
  type Image,
  type IndexEntry,
  MAX_TRANSFER_BYTES,
  minorSeries,
  parseImageFile,
  parseReleaseManifest,
  parseTransfer,
  type ReleaseManifest,
  type ReleaseTransfer,
  readdressTransfer,
  releaseName,
} from "../../schema/index.ts";
import { addressOf, agreedIndex, type FoundRelease, type GitHubBakery } from "./github-bakery.ts";

export interface Importing {
  readonly bakery: GitHubBakery;
  /** What is kept until it is published: a folder for each release */
  readonly work: string;
  /** The bakery that transfer files are to name; none: they stay as they are */
  readonly url: string | undefined;
  readonly now: () => Date;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a run before has brought is not fetched again.
 * @returns the folder
 * @throws UpstreamError, UserError for a release that is not what its indexes say
 */
export async function importRelease(release: FoundRelease, world: Importing): Promise<string> {
  const { bakery, work, now } = world;
  const name = releaseName(release);
  const folder = join(work, name);
  const { lines, publishedAt } = await agreedIndex(bakery, release);
  await mkdir(folder, { recursive: true });
  const images: Image[] = [];
  for (const line of lines) images.push(await importImage(line, folder, release, world));
  const manifest = parseReleaseManifest({
    schemaVersion: 1,
    extension: release.extension,
    version: release.version,
    images: images.sort((a, b) => ARCHES.indexOf(a.arch) - ARCHES.indexOf(b.arch)),
    transfers: await importTransfers(folder, release, world),
    provenance: {
      builtAt: (publishedAt ?? now()).toISOString(),
      imported: { from: `${bakery.server}/${bakery.repository}/releases/tag/${encodeURIComponent(name)}` },
      bundled: {},
      downloads: [],
    },
  } satisfies ReleaseManifest);
  await writeManifest(join(folder, "release.json"), manifest);
  return folder;
}

async function importImage(
  { file, sha256 }: IndexEntry,
  folder: string,
  release: FoundRelease,
  { bakery, work, progress, signal }: Importing,
): Promise<Image> {
  const to = join(folder, file);
  const there = await measureFile(to).catch(() => undefined);
  if (there?.sha256 !== sha256) {
    const url = addressOf(bakery, { release: releaseName(release), file });
    await fetchImage({ url, sha256, to, partials: join(work, "partial") }, { http: bakery.http, progress, signal });
  }
  const { size } = await measureFile(to);
  const { format } = await readSuperblock(to, file);
  const image = parseImageFile(file);
  if (image === undefined) throw new RangeError(`${file} is no image`);
  return { file, arch: image.arch, format, size, sha256 };
}

/** GitHub lists files by its API alone; these are the names that transfer files have. */
async function importTransfers(
  folder: string,
  { extension, version }: FoundRelease,
  { bakery, url: bakeryUrl }: Importing,
): Promise<ReleaseTransfer[]> {
  const series = minorSeries(version);
  const names = [`${extension}.conf`, ...(series === undefined ? [] : [`${extension}-${series}.conf`])];
  const transfers: ReleaseTransfer[] = [];
  for (const file of names) {
    const url = addressOf(bakery, { release: releaseName({ extension, version }), file });
    const text = (await bakery.http.read(url).catch(absent))?.text;
    if (text === undefined) continue;
    if (text.length > MAX_TRANSFER_BYTES) throw new UpstreamError(`${file} is no transfer file`, { details: { url } });
    const matchPattern = parseTransfer(text).source.matchPatterns.join(" ");
    const kept = bakeryUrl === undefined ? text : readdressTransfer(text, bakeryUrl);
    await writeFile(join(folder, file), kept);
    transfers.push({ file, sha256: sha256Of(kept), matchPattern });
  }
  return transfers;
}

function absent(error: unknown): undefined {
  if (!(error instanceof NotFoundError)) throw error;
}
