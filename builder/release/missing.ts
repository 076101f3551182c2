/** Which releases should be published, by what recipes say, and are not. */
import { ARCHES, type Arch, compareVersions, releaseName } from "../../schema/index.ts";
import type { Catalog, Extension } from "../catalog.ts";
import { BakeryError } from "../system/errors.ts";
import { latestVersions } from "../versions/latest.ts";
import type { Upstreams } from "../versions/upstreams.ts";
import type { Published } from "./published.ts";

/** A word of `publish` in recipes. */
const LATEST = "latest";

export interface MissingRelease {
  readonly extension: string;
  readonly version: string;
  /** Those of which there is no image. */
  readonly arches: readonly Arch[];
  /** Why it should be there: it counts as upstream's latest, or the recipe lists it. */
  readonly wanted: "latest" | "listed";
}

/** An extension of which it is not known. */
export interface Unknown {
  readonly extension: string;
  readonly error: BakeryError;
}

export interface Missing {
  /** By name; of each extension the newest first. */
  readonly missing: readonly MissingRelease[];
  readonly unknown: readonly Unknown[];
}

/** Of one extension. */
interface Found {
  readonly missing: readonly MissingRelease[];
  readonly unknown: Unknown;
}

export interface MissingOptions {
  readonly catalog: Pick<Catalog, "load">;
  readonly upstreams: Upstreams;
  readonly published: Published;
}

/**
 * What cannot be loaded or listed does not hide the others.
 * @param names extensions
 */
export async function findMissing(names: readonly string[], options: MissingOptions): Promise<Missing> {
  const found = await Promise.all(
    names.map(async (extension): Promise<Partial<Found>> => {
      try {
        return { missing: await missingOf(await options.catalog.load(extension), options) };
      } catch (error) {
        if (!(error instanceof BakeryError)) throw error;
        return { unknown: { extension, error } };
      }
    }),
  );
  return {
    missing: found.flatMap(({ missing = [] }) => missing),
    unknown: found.flatMap(({ unknown }) => unknown ?? []),
  };
}

async function missingOf(
  { name: extension, recipe }: Extension,
  { upstreams, published }: Omit<MissingOptions, "catalog">,
): Promise<MissingRelease[]> {
  const { publish = [LATEST] } = recipe;
  const latest = publish.includes(LATEST) ? await latestVersions(recipe, upstreams) : [];
  const listed = publish.filter((version) => version !== LATEST);
  const versions = [...new Set([...latest, ...listed])].sort((a, b) => compareVersions(b, a));
  return versions.flatMap((version) => {
    const has = published.get(releaseName({ extension, version }));
    const arches = ARCHES.filter((arch) => !has?.has(arch));
    const wanted = latest.includes(version) ? LATEST : "listed";
    return arches.length === 0 ? [] : [{ extension, version, arches, wanted }];
  });
}
