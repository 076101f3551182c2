/** Tells a bakery what extensions are, as their recipes say it now: for a README that changes without a release. */
import { newestFirst, parseReleaseName, type ReleaseManifest, releaseName } from "../../schema/index.ts";
import type { Catalog } from "../catalog.ts";
import type { Describer } from "../publish/publisher.ts";
import { BakeryError, UserError } from "../system/errors.ts";
import { inParallel } from "../system/in-parallel.ts";
import { profileOf } from "./extension-profile.ts";
import type { Publications } from "./published.ts";

export interface DescribedExtension {
  readonly extension: string;
  /** The newest that is published; none where nothing is, or it could not be told */
  readonly version?: string;
  /** `newer`: what is told there was made with a newer version, and stays */
  readonly result: "described" | "newer" | "unpublished" | "failed";
  readonly error?: BakeryError;
}

export interface Telling {
  readonly catalog: Pick<Catalog, "load">;
  readonly published: Publications;
  readonly place: Describer;
}

/** Each waits for the bakery, and hardly works. */
const PARALLEL = 4;

/**
 * One that fails does not keep the others from being told of.
 * @param names extensions
 * @returns in the order of the names
 */
export async function describeExtensions(names: readonly string[], telling: Telling): Promise<DescribedExtension[]> {
  const outcomes = new Map<string, DescribedExtension>();
  await inParallel(names, PARALLEL, async (extension) => {
    const outcome = await describeExtension(extension, telling).catch((error): DescribedExtension => {
      if (!(error instanceof BakeryError)) throw error;
      return { extension, result: "failed", error };
    });
    outcomes.set(extension, outcome);
  });
  return names.flatMap((name) => outcomes.get(name) ?? []);
}

async function describeExtension(
  extension: string,
  { catalog, published, place }: Telling,
): Promise<DescribedExtension> {
  const recipe = await catalog.load(extension);
  const version = newestOf(extension, published);
  if (version === undefined) return { extension, result: "unpublished" };
  const manifest = await published.manifest(releaseName({ extension, version }));
  if (manifest === undefined) throw noManifest({ extension, version });
  const isKept = await place.describe(await profileOf(recipe, manifest));
  return { extension, version, result: isKept ? "described" : "newer" };
}

function newestOf(extension: string, { releases }: Publications): string | undefined {
  const own = [...releases.keys()].flatMap((name) => parseReleaseName(name) ?? []);
  const versions = own.filter((release) => release.extension === extension).map(({ version }) => version);
  return versions.sort(newestFirst)[0];
}

function noManifest(release: Pick<ReleaseManifest, "extension" | "version">): UserError {
  return new UserError(`there is no release manifest of ${releaseName(release)}`, {
    hint: "it is a bakery of another kind, or damaged: ./bakery doctor tells",
  });
}
