/** What is known of extensions whose configuration somebody wants: advice by recipes, images and keys by the bakery. */
import {
  type ConfiguredBakery,
  type InstallableRelease,
  indexLocator,
  installableReleases,
  KEYRINGS,
  type KnownExtension,
  type LookUpExtension,
  publicPath,
} from "../../schema/index.ts";
import type { Catalog } from "../catalog.ts";
import type { Source } from "../doctor/source.ts";
import { Keyring } from "../signing/keyring.ts";
import { sha256Of } from "../system/digest.ts";
import { BakeryError, UserError } from "../system/errors.ts";
import { adviceOf } from "./advice.ts";

/** @param source none: the bakery is not asked, and any version may be there */
export function lookUpIn(catalog: Catalog, source?: Source): LookUpExtension {
  return async (name) => {
    const hasRecipe = (await catalog.names()).includes(name);
    const recipe = hasRecipe ? (await catalog.load(name)).recipe : undefined;
    const known: KnownExtension = recipe === undefined ? {} : { advice: adviceOf(recipe), homepage: recipe.homepage };
    if (source === undefined) return hasRecipe ? known : undefined;
    const releases = await releasesIn(source, name);
    return releases && { ...known, releases };
  };
}

/** @returns undefined where there is no index */
async function releasesIn(source: Source, extension: string): Promise<InstallableRelease[] | undefined> {
  const index = await source.read(publicPath(indexLocator(extension)));
  if (index === undefined) return undefined;
  return installableReleases(index.toString(), extension);
}

/** Whether it has pages, whether it signs, and by which keys. */
export async function askBakery(url: string, source: Source): Promise<ConfiguredBakery> {
  const [at] = KEYRINGS;
  const bytes = at && (await source.read(publicPath(at)));
  // Some servers send everybody to a website who asks for what they do not have.
  const isKeyring = bytes && (await Keyring.parse(bytes, url).then(() => true, isRefused));
  const hasPages = await hasApi(source);
  return { url, hasPages, ...(isKeyring ? { signed: true, keyringSha256: sha256Of(bytes) } : { signed: false }) };
}

/** What has the API has pages. A page itself would not tell: some servers have one for whatever is asked. */
async function hasApi(source: Source): Promise<boolean> {
  try {
    const answer = await source.read("/api/v1/extensions");
    return answer !== undefined && Array.isArray(Object(JSON.parse(answer.toString())).extensions);
  } catch (error) {
    if (error instanceof BakeryError || error instanceof SyntaxError) return false;
    throw error;
  }
}

function isRefused(error: unknown): false {
  if (error instanceof UserError) return false;
  throw error;
}
