/** What the functions of a recipe know, and what of it whoever bakes has chosen. */
import { type Arch, GO_ARCH, UNAME_ARCH } from "../../schema/index.ts";
import type { Recipe, RecipeContext } from "../recipe/index.ts";
import { UsageError, UserError } from "../system/errors.ts";

/** By name: versions of what is bundled, or values of options. */
export type Chosen = Readonly<Record<string, string>>;

export interface Known {
  readonly version: string;
  readonly tag: string;
  readonly arch: Arch;
  readonly bundled: Chosen;
  readonly options: Chosen;
}

/** What the functions of a recipe, and what it builds with, know of an image. */
export function contextOf({ version, tag, arch, bundled, options }: Known): RecipeContext {
  const bareVersion = version.replace(/^v/, "");
  const words = { goArch: GO_ARCH[arch], unameArch: UNAME_ARCH[arch] };
  // A recipe's own types say which names there are, and `planBake` has seen to it.
  const chosen = { bundled, options } as Pick<RecipeContext, "bundled" | "options">;
  return { version, bareVersion, tag, arch, ...words, ...chosen };
}

/** @throws UserError where the version of one is not said, or of one that the recipe does not have */
export function bundledOf(extension: string, { bundled = {} }: Recipe, given: Chosen = {}): Chosen {
  for (const name of Object.keys(given)) {
    if (bundled[name] === undefined)
      throw new UsageError(`${extension} bundles no ${name}`, { hint: namesIn(bundled) });
  }
  for (const [name, bundle] of Object.entries(bundled)) {
    if (given[name] !== undefined || bundle.default === "none") continue;
    throw new UserError(`nobody says which version of ${name} goes into ${extension}`, {
      hint: `--bundle ${name}=<version>`,
    });
  }
  return given;
}

/** What was said, over the defaults. */
export function optionsOf(extension: string, { options = {} }: Recipe, given: Chosen = {}): Chosen {
  for (const [name, value] of Object.entries(given)) {
    const option = options[name];
    if (option === undefined) throw new UsageError(`${extension} has no option ${name}`, { hint: namesIn(options) });
    const { values } = option;
    const fits = values instanceof RegExp ? values.test(value) : values.includes(value);
    if (fits) continue;
    const allowed = values instanceof RegExp ? String(values) : values.join(", ");
    throw new UsageError(`--${name} ${value} is nothing that ${extension} knows`, { hint: `allowed: ${allowed}` });
  }
  const defaults = Object.entries(options).flatMap(([name, option]) =>
    option.default === undefined ? [] : [[name, option.default] as const],
  );
  return { ...Object.fromEntries(defaults), ...given };
}

function namesIn(known: object): string {
  const names = Object.keys(known);
  return names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
}

/** A recipe may say a thing once, or for each context. */
export function said<T extends object>(
  value: T | ((context: RecipeContext) => T) | undefined,
  context: RecipeContext,
): T | undefined {
  return typeof value === "function" ? value(context) : value;
}
