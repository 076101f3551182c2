/**
 * Plans on record: what the plan of each extension was when somebody last looked. `new` writes the first ones, and
 * `test/builder/plan.test.ts` holds every recipe against them.
 */
import { fileURLToPath } from "node:url";
import { type Arch, imageFile, parseImageFile, type Release } from "../../schema/index.ts";
import type { Recipe } from "../recipe/index.ts";

export const RECORDED_PLANS = fileURLToPath(new URL("../../test/fixtures/plans", import.meta.url));

/** What they bundle, for upstream's newest is another one tomorrow. */
const BUNDLED: Readonly<Record<string, string>> = {
  cni: "v1.6.2",
  nats: "v2.10.20",
  runc: "v1.2.5",
  wasmedge: "0.14.1",
};

/** @throws RangeError for a bundle that the table does not know */
export function recordedBundles({ bundled = {} }: Recipe): Record<string, string> {
  const names = Object.entries(bundled).flatMap(([name, bundle]) => (bundle.default === "none" ? [] : [name]));
  return Object.fromEntries(
    names.map((name) => {
      const version = BUNDLED[name];
      if (version === undefined) throw new RangeError(`plans on record do not say which ${name} they bundle`);
      return [name, version];
    }),
  );
}

/** `docker-compose-2.34.0-arm64.txt` */
export function recordedPlanFile(release: Release, arch: Arch): string {
  return imageFile(release, arch).replace(/raw$/, "txt");
}

/** The inverse of `recordedPlanFile`; undefined for what is no recorded plan. */
export function parseRecordedPlanFile(file: string): (Release & { readonly arch: Arch }) | undefined {
  return parseImageFile(file.replace(/txt$/, "raw"));
}
