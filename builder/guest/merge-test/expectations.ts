/** What a merged image is to bring: as it says itself, and as the recipe of its name says. */
import { type Arch, parseRevision, type Release } from "../../../schema/index.ts";
import { type Chosen, contextOf, said } from "../../bake/context.ts";
import { type SmokeCommand, smokeCommands } from "../../bake/smoke.ts";
import type { Catalog } from "../../catalog.ts";
import type { Contents } from "../../image/contents.ts";
import { unitsIn } from "../../inspect/units.ts";
import { type Recipe, tagOf } from "../../recipe/index.ts";

export interface Expectations {
  /** Paths that must be there once it is merged, `usr/bin/tool`; undefined where no recipe says it. */
  readonly provides?: readonly string[];
  /** Paths of the units that the image has for the system's manager. */
  readonly units: readonly string[];
  /** Units that must be active once it is merged. */
  readonly upheld: readonly string[];
  readonly smoke: readonly SmokeCommand[];
}

/** The recipe of an extension, if it is one of this image, and what is to be said of that. */
export interface KnownRecipe {
  readonly recipe?: Recipe;
  readonly note: string;
}

export async function recipeOf({ extension, version }: Release, catalog: Catalog): Promise<KnownRecipe> {
  if (!(await catalog.names()).includes(extension)) {
    return { note: `no recipe is called ${extension}: nothing says what it provides` };
  }
  const { recipe } = await catalog.load(extension);
  if (recipe.versions.kind === "fixed" && !recipe.versions.versions.includes(version)) {
    return { note: `the recipe of ${extension} has no version ${version}, so it says nothing of this image` };
  }
  return { recipe, note: `the recipe of ${extension} says what it provides, upholds and runs` };
}

/** What its manifest says of how it was baked. */
export interface Choices {
  readonly bundled: Chosen;
  readonly options?: Chosen | undefined;
}

/** @param smoke commands beside those of the recipe */
export function expectationsOf(
  recipe: Recipe | undefined,
  { version }: Release,
  { bundled, options = {} }: Choices,
  arch: Arch,
  contents: Contents,
  smoke: readonly SmokeCommand[],
): Expectations {
  const units = unitsIn(contents).filter(({ scope }) => scope === "system");
  const ours = {
    units: units.flatMap(({ path }) => (path === undefined ? [] : [path])),
    // multi-user.target may not be the only one: the guest has reached all of those that a machine starts with.
    upheld: units.filter(({ upheldBy }) => upheldBy.some(({ how }) => how === "Upholds")).map(({ unit }) => unit),
  };
  if (recipe === undefined) return { ...ours, smoke };
  const { upstream } = parseRevision(version);
  const context = contextOf({ version: upstream, tag: tagOf(recipe.versions, upstream), arch, bundled, options });
  return {
    ...ours,
    provides: said(recipe.provides, context) ?? [],
    upheld: [...new Set([...ours.upheld, ...(said(recipe.upholds, context) ?? [])])],
    smoke: [...smokeCommands(recipe, context), ...smoke],
  };
}
