/** Whether a recipe would make another release now than the one that is published under its name. */
import type { ReleaseManifest } from "../../schema/index.ts";
import { recipeDigest } from "../bake/inputs.ts";
import { planBake } from "../bake/plan.ts";
import type { Extension } from "../catalog.ts";
import { resolveBundled } from "../versions/bundled.ts";
import type { Upstreams } from "../versions/upstreams.ts";

/**
 * What has changed, for people; undefined where nothing has, or nobody knows: releases that others have made do not say
 * what they are made of.
 */
export async function changeOf(
  extension: Extension,
  { version, images, provenance }: ReleaseManifest,
  upstreams: Upstreams,
): Promise<string | undefined> {
  if (images.some(({ recipeDigest }) => recipeDigest === undefined)) return undefined;
  const bundled = await resolveBundled(extension.recipe, { version }, upstreams);
  for (const { arch, format, recipeDigest: published } of images) {
    const plan = await planBake(extension, { version, arch, format, bundled });
    if (recipeDigest(plan) !== published) return describeChange(provenance.bundled, bundled);
  }
  return undefined;
}

function describeChange(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  const changed = names.filter((name) => before[name] !== now[name]);
  if (changed.length === 0) return "the recipe or its files have changed";
  return changed.map((name) => `${name} ${before[name] ?? "none"} -> ${now[name] ?? "none"}`).join(", ");
}
