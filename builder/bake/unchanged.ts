/** Spares what was done before: an image that the same inputs made is that image still. */
import type { Image, ReleaseManifest } from "../../schema/index.ts";
import { measureFile } from "../system/digest.ts";
import type { Baked, Kitchen } from "./bake.ts";
import { recordsOfBuilds } from "./build/records.ts";
import type { Allowances } from "./checks/finding.ts";
import { inputsOf } from "./inputs.ts";
import type { Plan } from "./plan.ts";

/**
 * What baking would give, if it was baked before and is there.
 * @param file where the image would go
 * @param manifest what is said of the plan's release, if anything is
 */
export async function bakedBefore(
  plan: Plan,
  file: string,
  manifest: ReleaseManifest | undefined,
  { rootfs, allowances = [] }: Pick<Kitchen, "rootfs" | "allowances">,
): Promise<Baked | undefined> {
  const image = manifest?.images.find(({ arch }) => arch === plan.arch);
  if (manifest === undefined || image === undefined) return undefined;
  const { digest, builds } = await inputsOf(plan, rootfs);
  if (image.inputsDigest !== digest) return undefined;
  if (!areAllowed(image, allowances)) return undefined;
  const measured = await measureFile(file).catch(() => undefined);
  if (measured?.sha256 !== image.sha256) return undefined;
  const made = recordsOfBuilds(builds);
  const urls = new Set([...plan.downloads, ...made.downloads].map(({ url }) => url));
  const downloads = manifest.provenance.downloads.filter(({ url }) => urls.has(url));
  return { image, downloads, builds: made.builds, warnings: [] };
}

/** What was let pass then has to be let pass now, and for that reason. */
function areAllowed({ allowed = [] }: Image, allowances: Allowances): boolean {
  return allowed.every(({ check, reason }) => allowances.some((one) => one.check === check && one.reason === reason));
}
