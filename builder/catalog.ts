/** The extensions of this repository; the only place that loads recipes. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isExtensionName } from "../schema/index.ts";
import type { Recipe } from "./recipe/index.ts";
import { UsageError, UserError } from "./system/errors.ts";

export interface Extension {
  readonly name: string;
  /** The folder that holds `recipe.ts`, `README.md` and `files/`. */
  readonly folder: string;
  readonly recipe: Recipe;
}

export const EXTENSIONS_FOLDER = fileURLToPath(new URL("../extensions", import.meta.url));

export class Catalog {
  readonly folder: string;

  constructor(folder = EXTENSIONS_FOLDER) {
    this.folder = folder;
  }

  /** Sorted; folders whose name no extension may have are none. */
  async names(): Promise<string[]> {
    const entries = await readdir(this.folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && isExtensionName(entry.name))
      .map(({ name }) => name)
      .sort();
  }

  async all(): Promise<Extension[]> {
    return Promise.all((await this.names()).map((name) => this.load(name)));
  }

  /** Those whose names are among these words; what cannot be loaded is left for whoever asks for it by `load`. */
  async named(words: readonly string[]): Promise<Extension[]> {
    const names = (await this.names().catch(() => [])).filter((name) => words.includes(name));
    const loaded = await Promise.allSettled(names.map((name) => this.load(name)));
    return loaded.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  }

  /** @throws UsageError for an extension that is not there, UserError for a recipe that cannot be loaded */
  async load(name: string): Promise<Extension> {
    const names = await this.names();
    if (!names.includes(name)) {
      const near = names.find((known) => known.startsWith(name) || name.startsWith(known));
      const hint = near === undefined ? "./bakery list shows all" : `did you mean ${near}? ./bakery list shows all`;
      throw new UsageError(`unknown extension: ${name}`, { hint });
    }
    return loadExtension(name, join(this.folder, name));
  }
}

/** @throws UserError for a recipe that cannot be loaded */
export async function loadExtension(name: string, folder: string): Promise<Extension> {
  return { name, folder, recipe: await loadRecipe(name, join(folder, "recipe.ts")) };
}

async function loadRecipe(name: string, path: string): Promise<Recipe> {
  try {
    const { default: recipe } = (await import(pathToFileURL(path).href)) as { default?: Recipe };
    if (recipe?.versions === undefined || recipe.provides === undefined) {
      throw new UserError(`the recipe of ${name} exports no extension`, {
        hint: "export default defineExtension({ … })",
      });
    }
    return recipe;
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(`the recipe of ${name} cannot be loaded`, {
      details: { file: path, reason: cause instanceof Error ? cause.message : String(cause) },
      cause,
    });
  }
}
