/** Which revision of an upstream version a recipe makes: `revisions: { "2.3.4": 1 }` makes `2.3.4+r1`. */
import { parseRevision, withRevision } from "../../schema/index.ts";
import type { Extension } from "../catalog.ts";
import { UsageError, UserError } from "../system/errors.ts";

/**
 * The version of the release that the recipe makes of an upstream version.
 * @throws UserError for a revision that is no number of one
 */
export function releasedVersion({ name, recipe }: Pick<Extension, "name" | "recipe">, upstream: string): string {
  const revision = recipe.revisions?.[upstream] ?? 0;
  const version = withRevision({ upstream, revision });
  if (revision !== 0 && parseRevision(version).revision !== revision) {
    throw new UserError(`the recipe of ${name} has a revision ${revision} of ${upstream}`, {
      hint: "a whole number from 1 to 9999",
    });
  }
  return version;
}

/**
 * The upstream version that is baked for a version.
 * @throws UsageError for a revision that is not the recipe's; without one, an image to try things out may have any
 */
export function upstreamOf(extension: Pick<Extension, "name" | "recipe">, version: string): string {
  const { upstream, revision } = parseRevision(version);
  if (revision !== 0) demandRevision(extension, version);
  return upstream;
}

/** @throws UsageError for a version that is not what the recipe makes of its upstream version */
export function demandRevision(extension: Pick<Extension, "name" | "recipe">, version: string): void {
  const wanted = releasedVersion(extension, parseRevision(version).upstream);
  if (wanted === version) return;
  throw new UsageError(`the recipe of ${extension.name} makes ${wanted}, and not ${version}`, {
    hint: "`revisions` in the recipe says which revision of a version it makes",
  });
}
