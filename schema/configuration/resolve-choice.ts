/** From a choice to what is to be installed: versions that are there, and the extensions that others need. */
import type { Arch } from "../arch.ts";
import type { ExtensionProfile } from "../extension-profile.ts";
import { InvalidInput } from "../invalid-input.ts";
import { minorSeries } from "../names.ts";
import { type Choice, type ChosenExtension, type Followed, MAX_EXTENSIONS } from "./choice.ts";

/** What a profile says to machines. */
export type ExtensionAdvice = Pick<ExtensionProfile, "transfers" | "host">;

export interface InstallableRelease {
  readonly version: string;
  readonly images: readonly { readonly arch: Arch; readonly sha256: string }[];
}

/** As much as is known of an extension. */
export interface KnownExtension {
  /** None: it was published by other tools, which say nothing of it but its images. */
  readonly advice?: ExtensionAdvice;
  /** Where people read of it, who have no page of the bakery's */
  readonly homepage?: string;
  /** Newest first, without those that were withdrawn; none: nobody was asked, so any version may be there. */
  readonly releases?: readonly InstallableRelease[];
}

export interface Installation {
  readonly name: string;
  readonly version: string;
  /** Of the image; unknown where nobody was asked for it */
  readonly sha256?: string;
  readonly advice?: ExtensionAdvice;
  readonly homepage?: string;
  readonly follow: Exclude<Followed, "advised">;
}

export interface ResolvedChoice {
  /** What others need comes before them. */
  readonly installations: readonly Installation[];
  /** Extensions that one of them needs and this bakery does not have */
  readonly missing: readonly { readonly name: string; readonly neededBy: string }[];
}

/** Undefined where there is no such extension. */
export type LookUpExtension = (name: string) => Promise<KnownExtension | undefined>;

/** @throws InvalidInput naming the parameter, for what the bakery does not have */
export async function resolveChoice(choice: Choice, lookUp: LookUpExtension): Promise<ResolvedChoice> {
  const chosen = new Map(choice.extensions.map((one) => [one.name, one]));
  const installations = new Map<string, Installation>();
  const missing: ResolvedChoice["missing"][number][] = [];
  const begun = new Set<string>();

  const add = async (wanted: ChosenExtension, neededBy?: string): Promise<void> => {
    const { name } = wanted;
    if (begun.has(name)) return;
    begun.add(name);
    if (begun.size > MAX_EXTENSIONS) {
      throw new InvalidInput("with", `with what they need these are more than ${MAX_EXTENSIONS} extensions`);
    }
    const known = await lookUp(name);
    if (known === undefined) {
      const parameter = name === choice.extensions[0]?.name ? "extension" : "with";
      if (neededBy === undefined) throw new InvalidInput(parameter, `there is no ${name} in this bakery`);
      missing.push({ name, neededBy });
      return;
    }
    const installation = install(wanted, known, choice, neededBy !== undefined && !chosen.has(name));
    for (const { extension, version } of known.advice?.host.needs ?? []) {
      await add(chosen.get(extension) ?? { name: extension, version }, name);
    }
    installations.set(name, installation);
  };
  for (const one of choice.extensions) await add(one);
  return { installations: [...installations.values()], missing };
}

function install(wanted: ChosenExtension, known: KnownExtension, choice: Choice, isNeeded: boolean): Installation {
  const { name } = wanted;
  const { advice, homepage } = known;
  const { version, sha256, isSeries } = releaseFor(wanted, known, choice.arch, isNeeded);
  const staysInSeries = isSeries || (advice?.host.staysInSeries ?? false);
  const hasSeries = minorSeries(version) !== undefined;
  if (choice.follow === "series" && !hasSeries && !isNeeded) {
    throw new InvalidInput(
      "follow",
      `${name} ${version} has no minor number, so no minor series (allowed: every, off)`,
    );
  }
  const advised = staysInSeries && hasSeries ? "series" : "every";
  const follow = choice.follow === "advised" || (choice.follow === "series" && !hasSeries) ? advised : choice.follow;
  return {
    ...{ name, version, follow },
    ...(sha256 !== undefined && { sha256 }),
    ...(advice !== undefined && { advice }),
    ...(homepage !== undefined && { homepage }),
  };
}

interface FoundRelease {
  readonly version: string;
  readonly sha256?: string | undefined;
  /** Whether a minor series was asked for */
  readonly isSeries?: boolean;
}

function releaseFor(
  { name, version: wanted }: ChosenExtension,
  { releases }: KnownExtension,
  arch: Arch,
  isNeeded: boolean,
): FoundRelease {
  if (releases === undefined) {
    if (wanted !== undefined) return { version: wanted };
    throw new InvalidInput("version", `of ${name} has to be said, for the bakery is not asked which there are`);
  }
  const images = releases.flatMap(({ version, images }) => {
    const image = images.find((it) => it.arch === arch);
    return image === undefined ? [] : [{ version, sha256: image.sha256 }];
  });
  const [newest] = images;
  if (newest === undefined) throw new InvalidInput("arch", `${name} has no image for ${arch}`);
  if (wanted === undefined) return newest;

  const exact = images.find(({ version }) => version === wanted);
  if (exact !== undefined) return exact;
  const inSeries = images.find(({ version }) => minorSeries(version) === wanted);
  if (inSeries !== undefined) return { ...inSeries, isSeries: true };
  // The version that a recipe names is one that is known to do; later ones will too.
  if (isNeeded) return newest;
  const problem = releases.some(({ version }) => version === wanted)
    ? `${name} ${wanted} has no image for ${arch}`
    : `${name} has no ${wanted}`;
  throw new InvalidInput("version", `${problem} (the newest for ${arch} is ${newest.version})`);
}
