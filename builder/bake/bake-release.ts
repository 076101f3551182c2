/** Bakes a whole release into a folder: an image for each architecture, transfer files, `release.json`. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ARCHES, type Arch, imageFile, RELEASE_MANIFEST_FILE, type ReleaseManifest } from "../../schema/index.ts";
import type { Extension } from "../catalog.ts";
import { measureFile } from "../system/digest.ts";
import { type Baked, bake, digestOf, type Kitchen } from "./bake.ts";
import { type Plan, planBake } from "./plan.ts";
import {
  type Circumstances,
  describeRelease,
  type Hosting,
  manifestFor,
  type RenderedTransfer,
  renderTransfers,
  writeManifest,
  writeTransfers,
} from "./release.ts";

export interface ReleaseRequest {
  readonly version: string;
  readonly arches?: readonly Arch[];
  /** What transfer files say of the bakery that publishes it */
  readonly hosting: Hosting;
  readonly circumstances: Circumstances;
}

/**
 * Images in the folder that the same inputs made are kept as they are.
 * @returns the release manifest, which is also in the folder
 */
export async function bakeRelease(
  extension: Extension,
  { version, arches = ARCHES, hosting, circumstances }: ReleaseRequest,
  folder: string,
  kitchen: Kitchen,
): Promise<ReleaseManifest> {
  await mkdir(folder, { recursive: true });
  const manifestFile = join(folder, RELEASE_MANIFEST_FILE);
  const bakeOne = async (arch: Arch): Promise<ReleaseManifest> => {
    const plan = await planBake(extension, { version, arch });
    const before = await manifestFor(plan, manifestFile, folder);
    const transfers = renderTransfers(plan, hosting);
    const kept = await unchanged(plan, folder, before);
    if (kept !== undefined && before !== undefined && sameTransfers(before, transfers)) return before;
    const baked = kept ?? (await bake(plan, join(folder, imageFile(plan, arch)), kitchen));
    await writeTransfers(folder, transfers);
    const manifest = describeRelease(plan, baked, transfers, circumstances, before);
    await writeManifest(manifestFile, manifest);
    return manifest;
  };

  const [first, ...others] = arches;
  if (first === undefined) throw new RangeError("a release has an image for one architecture at least");
  let manifest = await bakeOne(first);
  for (const arch of others) manifest = await bakeOne(arch);
  return manifest;
}

function sameTransfers({ transfers }: ReleaseManifest, rendered: readonly RenderedTransfer[]): boolean {
  const hashes = (list: readonly { sha256: string }[]) => list.map(({ sha256 }) => sha256).join();
  return hashes(transfers) === hashes(rendered);
}

/** What was baked before, if it came from the same inputs and its bytes are still those. */
async function unchanged(plan: Plan, folder: string, before: ReleaseManifest | undefined): Promise<Baked | undefined> {
  const image = before?.images.find(({ arch }) => arch === plan.arch);
  if (before === undefined || image === undefined || image.inputsDigest !== (await digestOf(plan))) return undefined;
  const { sha256 } = await measureFile(join(folder, image.file));
  if (sha256 !== image.sha256) return undefined;
  const urls = new Set(plan.downloads.map(({ url }) => url));
  return { image, downloads: before.provenance.downloads.filter(({ url }) => urls.has(url)), warnings: [] };
}
