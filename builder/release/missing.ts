/** Which releases should be published, by what recipes say, and are not. */
import {
  ARCHES,
  type Arch,
  InvalidInput,
  newestFirst,
  overtakes,
  parseReleaseName,
  parseRevision,
  type Release,
  releaseName,
  withRevision,
} from "../../schema/index.ts";
import { releasedVersion } from "../bake/revision.ts";
import type { Catalog, Extension } from "../catalog.ts";
import { errorValue } from "../describe-error.ts";
import { BakeryError, rootMessage, UpstreamError, UserError } from "../system/errors.ts";
import type { Progress } from "../system/progress.ts";
import { latestVersions } from "../versions/latest.ts";
import type { Upstreams } from "../versions/upstreams.ts";
import { changeOf } from "./changed.ts";
import { NOTHING_PUBLISHED, type Publications, publishedIn } from "./published.ts";

/** A word of `publish` in recipes. */
const LATEST = "latest";

export interface MissingRelease extends Release {
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

/** A release that the recipe would make otherwise now. A new revision in the recipe would have it released again. */
export interface ChangedRelease extends Release {
  /** `cni v1.6.2 -> v1.7.0` */
  readonly why: string;
  /** What it would be released as: `v1.32.2+r1` */
  readonly next: string;
}

export interface Missing {
  /** By name; of each extension the newest first. */
  readonly missing: readonly MissingRelease[];
  readonly changed: readonly ChangedRelease[];
  readonly unknown: readonly Unknown[];
}

/** What is asked, and who is told of it. */
export interface Asking {
  readonly catalog: Pick<Catalog, "load">;
  readonly upstreams: Upstreams;
  readonly progress: Pick<Progress, "step">;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What cannot be loaded or listed does not hide the others.
 * @param names extensions
 * @param place as `publishedIn` has it; none: nothing is published
 */
export async function findMissing(
  names: readonly string[],
  place: string | undefined,
  { catalog, upstreams, progress, cwd, env, signal }: Asking,
): Promise<Missing> {
  const ask = (one: string) => () => publishedIn(one, { answers: upstreams.answers, cwd, env });
  const published =
    place === undefined
      ? NOTHING_PUBLISHED
      : await progress.step(`Asking ${place}`, ask(place), ({ releases }) => `${releases.size} releases`);
  const askAll = () => Promise.all(names.map((name) => lookAt(name, catalog, { upstreams, published, signal })));
  const found = await progress.step(
    "Asking upstreams",
    askAll,
    (all) => `${all.filter(({ unknown }) => unknown === undefined).length} of ${names.length} extensions`,
  );
  return {
    missing: found.flatMap(({ missing }) => missing),
    changed: found.flatMap(({ changed }) => changed),
    unknown: found.flatMap(({ unknown }) => unknown ?? []),
  };
}

/** For programs. */
export function unknownValue({ extension, error }: Unknown) {
  return { extension, error: errorValue(error) };
}

interface Sources {
  readonly upstreams: Upstreams;
  readonly published: Publications;
  readonly signal: AbortSignal | undefined;
}

/** Of one extension. */
interface Found {
  readonly missing: readonly MissingRelease[];
  readonly changed: readonly ChangedRelease[];
  readonly unknown?: Unknown;
}

/** What is missing is known before anything else is asked for, and told also where that cannot be had. */
async function lookAt(name: string, catalog: Pick<Catalog, "load">, sources: Sources): Promise<Found> {
  const missing: MissingRelease[] = [];
  const changed: ChangedRelease[] = [];
  try {
    const extension = await catalog.load(name);
    const wanted = await wantedOf(extension, sources);
    missing.push(...wanted.filter(({ arches }) => arches.length > 0));
    for (const { version, arches } of wanted) {
      if (arches.length === 0) changed.push(...(await changesIn(extension, version, sources)));
    }
    return { missing, changed };
  } catch (error) {
    sources.signal?.throwIfAborted();
    return { missing, changed, unknown: { extension: name, error: explained(name, error) } };
  }
}

/** All that should be there, with the architectures that are not. */
async function wantedOf(
  { name: extension, recipe }: Extension,
  { upstreams, published: { releases } }: Sources,
): Promise<MissingRelease[]> {
  const { publish = [LATEST] } = recipe;
  const latest = publish.includes(LATEST) ? await latestVersions(recipe, upstreams) : [];
  const listed = publish.filter((version) => version !== LATEST);
  const upstream = [...new Set([...latest, ...listed])].sort(newestFirst);
  const wanted = upstream.map((one): MissingRelease => {
    const version = releasedVersion({ name: extension, recipe }, one);
    const has = releases.get(releaseName({ extension, version }));
    const arches = ARCHES.filter((arch) => !has?.has(arch));
    return { extension, version, arches, wanted: latest.includes(one) ? LATEST : "listed" };
  });
  checkOrder(extension, wanted, releases);
  return wanted;
}

/** @throws UserError for a revision that machines would take for newer than what is newer */
function checkOrder(extension: string, wanted: readonly Release[], releases: Publications["releases"]): void {
  const published = [...releases.keys()].flatMap((name) => parseReleaseName(name) ?? []);
  const others = [...published.filter((one) => one.extension === extension), ...wanted];
  for (const { version } of wanted) {
    const later = others.find((other) => overtakes(version, other.version));
    if (later === undefined) continue;
    throw new UserError(`${version} of ${extension} would count as newer than ${later.version}`, {
      hint: `machines would go back to it: take the revision out of the recipe, and yank ${version} if it is published`,
    });
  }
}

async function changesIn(extension: Extension, version: string, sources: Sources): Promise<ChangedRelease[]> {
  const manifest = await sources.published.manifest(releaseName({ extension: extension.name, version }));
  const why = manifest && (await changeOf(extension, manifest, sources.upstreams));
  if (why === undefined) return [];
  const { upstream, revision } = parseRevision(version);
  return [{ extension: extension.name, version, why, next: withRevision({ upstream, revision: revision + 1 }) }];
}

function explained(name: string, error: unknown): BakeryError {
  if (error instanceof BakeryError) return error;
  if (error instanceof InvalidInput) {
    return new UpstreamError(error.message, { hint: "./bakery doctor tells more", cause: error });
  }
  return new UserError(`the recipe of ${name} throws`, { details: { reason: rootMessage(error) }, cause: error });
}
