/** What decides about an image's bytes, as one digest: so that what the same inputs have made need not be made anew. */

import { parseRevision } from "../../schema/index.ts";
import type { RootfsMaker } from "../rootfs/rootfs-maker.ts";
import { sha256Of } from "../system/digest.ts";
import { type PreparedBuild, prepareBuilds } from "./build/prepare-builds.ts";
import { packerFor } from "./pack/packer.ts";
import type { Plan } from "./plan.ts";

export interface Inputs {
  /** What `Image.inputsDigest` is if the plan is baked now and here. */
  readonly digest: string;
  /** Those of the plan, with what is known of them by now. */
  readonly builds: readonly PreparedBuild[];
}

/** Asks the network for what trees consist of, if the plan builds with any, and else nobody. */
export async function inputsOf(plan: Plan, rootfs: RootfsMaker): Promise<Inputs> {
  const [packer, builds] = await Promise.all([
    packerFor(plan.format, plan.compression).tool(),
    prepareBuilds(plan, rootfs),
  ]);
  const tools = Object.assign({}, packer, ...builds.map((one) => one.tools));
  return {
    digest: inputsDigest(
      plan,
      tools,
      builds.map(({ root }) => root?.identity ?? ""),
    ),
    builds,
  };
}

/**
 * The sha256 over all that decides about the image's bytes. Equal means that baking again would give the same image.
 * @param tools versions of the programs that make the image
 * @param roots which trees the plan's builds work with, down to the last package
 */
export function inputsDigest(
  plan: Plan,
  tools: Readonly<Record<string, string>>,
  roots: readonly string[] = [],
): string {
  const { folder, transfers, smoke, builds, ...inputs } = plan;
  return sha256Of(canonicalJson({ ...inputs, ...(builds.length > 0 && { builds, roots }), tools }));
}

/**
 * The sha256 over what the recipe says of an image, whatever release it is called. Of releases it tells whether the
 * recipe would make another image now; that of all inputs differs with every machine.
 */
export function recipeDigest({ version, ...plan }: Plan): string {
  return inputsDigest({ ...plan, version: parseRevision(version).upstream }, {});
}

/** JSON with the keys of each object in order, so that equal values give equal text (the idea of RFC 8785). */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, nested: unknown) =>
    nested !== null && typeof nested === "object" && !Array.isArray(nested)
      ? Object.fromEntries(Object.entries(nested).sort(([a], [b]) => (a < b ? -1 : 1)))
      : nested,
  );
}
