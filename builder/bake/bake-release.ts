/** Bakes a whole release into a folder: an image for each architecture, transfer files, `release.json`. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ARCHES, type Arch, imageFile, RELEASE_MANIFEST_FILE, type ReleaseManifest } from "../../schema/index.ts";
import type { Extension } from "../catalog.ts";
import { TaskGroup } from "../system/task-group.ts";
import { resolveBundled } from "../versions/bundled.ts";
import { type Baked, bake, type Kitchen } from "./bake.ts";
import { type Plan, planBake } from "./plan.ts";
import {
  type Circumstances,
  describeRelease,
  type Hosting,
  manifestFor,
  renderTransfers,
  sameTransfers,
  writeManifest,
  writeTransfers,
} from "./release.ts";
import { demandRevision } from "./revision.ts";
import { bakedBefore } from "./unchanged.ts";

export interface ReleaseRequest {
  readonly version: string;
  readonly arches?: readonly Arch[];
  /** As in a bake request; none: the format's own */
  readonly compression?: string;
  /** What transfer files say of the bakery that publishes it */
  readonly hosting: Hosting;
  readonly circumstances: Circumstances;
}

/**
 * Bakes the architectures side by side. Images in the folder that the same inputs made are kept as they are.
 * @returns the release manifest, which is also in the folder
 * @throws UsageError for another revision of the version than the recipe makes
 */
export async function bakeRelease(
  extension: Extension,
  { version, arches = ARCHES, compression, hosting, circumstances }: ReleaseRequest,
  folder: string,
  kitchen: Kitchen,
): Promise<ReleaseManifest> {
  demandRevision(extension, version);
  await mkdir(folder, { recursive: true });
  const manifestFile = join(folder, RELEASE_MANIFEST_FILE);
  // Once, for both are to have the same.
  const bundled = await resolveBundled(extension.recipe, { version }, kitchen.upstreams);
  const plans = await Promise.all(arches.map((arch) => planBake(extension, { version, arch, compression, bundled })));
  const [first] = plans;
  if (first === undefined) throw new RangeError("a release has an image for one architecture at least");
  const before = await manifestFor(first, manifestFile, folder);
  const transfers = renderTransfers(first, hosting);

  const group = new TaskGroup(kitchen.signal);
  const ready = new Map<Arch, Baked>();
  /** In the order of the plans, whichever is ready first. */
  const describe = () =>
    plans.reduce((manifest, plan) => {
      const baked = ready.get(plan.arch);
      return baked ? describeRelease(plan, baked, transfers, circumstances, manifest) : manifest;
    }, before);
  const isSaid = before !== undefined && sameTransfers(before, transfers);
  // Also where they are as they were: one may have been deleted.
  await writeTransfers(folder, transfers);
  let writing = Promise.resolve();
  const bakeOne = async (plan: Plan): Promise<void> => {
    const file = join(folder, imageFile(plan, plan.arch));
    const kept = await bakedBefore(plan, file, before, kitchen);
    if (kept !== undefined && isSaid) return;
    const progress = plans.length === 1 ? kitchen.progress : kitchen.progress.about(plan.arch);
    ready.set(plan.arch, kept ?? (await bake(plan, file, { ...kitchen, progress, signal: group.signal })));
    // What is ready is written down, one after the other: if the other one fails, it need not be baked again.
    writing = writing.then(async () => {
      const manifest = describe();
      if (manifest !== undefined) await writeManifest(manifestFile, manifest);
    });
    await writing;
  };
  await group.all(plans.map(bakeOne));
  const manifest = describe();
  if (manifest === undefined) throw new RangeError("nothing was baked");
  return manifest;
}
