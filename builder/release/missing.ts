/** Which releases should be published, by what recipes say, and are not. */
import { ARCHES, type Arch, compareVersions, releaseName } from "../../schema/index.ts";
import type { Catalog, Extension } from "../catalog.ts";
import { errorValue } from "../describe-error.ts";
import { BakeryError } from "../system/errors.ts";
import type { Progress } from "../system/progress.ts";
import { latestVersions } from "../versions/latest.ts";
import type { Upstreams } from "../versions/upstreams.ts";
import { type Published, publishedIn } from "./published.ts";

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

/** What is asked, and who is told of it. */
export interface Asking {
  readonly catalog: Pick<Catalog, "load">;
  readonly upstreams: Upstreams;
  readonly progress: Pick<Progress, "step">;
  readonly cwd: string;
}

/**
 * What cannot be loaded or listed does not hide the others.
 * @param names extensions
 * @param place as `publishedIn` has it; none: nothing is published
 */
export async function findMissing(
  names: readonly string[],
  place: string | undefined,
  { catalog, upstreams, progress, cwd }: Asking,
): Promise<Missing> {
  const ask = (one: string) => () => publishedIn(one, { answers: upstreams.answers, cwd });
  const published: Published =
    place === undefined
      ? new Map()
      : await progress.step(`Asking ${place}`, ask(place), ({ size }) => `${size} releases`);
  const askAll = () => Promise.all(names.map((name) => missingOrUnknown(name, catalog, { upstreams, published })));
  const found = await progress.step(
    "Asking upstreams",
    askAll,
    (all) => `${all.filter(({ unknown }) => unknown === undefined).length} of ${names.length} extensions`,
  );
  return {
    missing: found.flatMap(({ missing = [] }) => missing),
    unknown: found.flatMap(({ unknown }) => unknown ?? []),
  };
}

/** For programs. */
export function unknownValue({ extension, error }: Unknown) {
  return { extension, error: errorValue(error) };
}

interface Sources {
  readonly upstreams: Upstreams;
  readonly published: Published;
}

async function missingOrUnknown(
  extension: string,
  catalog: Pick<Catalog, "load">,
  sources: Sources,
): Promise<Partial<Found>> {
  try {
    return { missing: await missingOf(await catalog.load(extension), sources) };
  } catch (error) {
    if (!(error instanceof BakeryError)) throw error;
    return { unknown: { extension, error } };
  }
}

async function missingOf(
  { name: extension, recipe }: Extension,
  { upstreams, published }: Sources,
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
