/**
 * Plans on record: what the plan of each extension was when somebody last looked. `new` writes the first ones, and
 * `test/builder/plan.test.ts` holds every recipe against them.
 */
import { fileURLToPath } from "node:url";
import { type Arch, imageFile, parseImageFile, type Release } from "../../schema/index.ts";

export const RECORDED_PLANS = fileURLToPath(new URL("../../test/fixtures/plans", import.meta.url));

/** `docker-compose-2.34.0-arm64.txt` */
export function recordedPlanFile(release: Release, arch: Arch): string {
  return imageFile(release, arch).replace(/raw$/, "txt");
}

/** The inverse of `recordedPlanFile`; undefined for what is no recorded plan. */
export function parseRecordedPlanFile(file: string): (Release & { readonly arch: Arch }) | undefined {
  return parseImageFile(file.replace(/txt$/, "raw"));
}
