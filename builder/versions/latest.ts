/** Which of a recipe's versions count as latest. */
import { minorSeries } from "../../schema/index.ts";
import { type LatestRule, newest, type Recipe } from "../recipe/index.ts";
import { listVersions } from "./list-versions.ts";
import type { Upstreams } from "./upstreams.ts";

/** Newest first. */
export async function latestVersions(recipe: Recipe, upstreams: Upstreams): Promise<readonly string[]> {
  const rule = recipe.latest ?? newest();
  const among = rule.kind === "newest-per-minor" ? rule.among : undefined;
  const [versions, others] = await Promise.all([
    listVersions(recipe.versions, upstreams),
    among && listVersions(among, upstreams),
  ]);
  return latestOf(rule, versions, others);
}

/** @param others those whose minor series count; undefined: all do */
function latestOf(rule: LatestRule, versions: readonly string[], others?: readonly string[]): readonly string[] {
  if (rule.kind === "newest") return versions.slice(0, 1);
  const counting = others && new Set(others.map(seriesOf));
  const newestOfEach = [...Map.groupBy(versions, seriesOf)].flatMap(([series, [version]]) =>
    version === undefined || series === undefined || !(counting?.has(series) ?? true) ? [] : [version],
  );
  return newestOfEach.slice(0, rule.series);
}

/** One project's `v1.32` is the other's `1.32`. */
function seriesOf(version: string): string | undefined {
  return minorSeries(version.replace(/^v/, ""));
}
