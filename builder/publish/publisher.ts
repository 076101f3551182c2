/** Publishing: what every place that releases can be published to does, and what is published. */
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  EXTENSION_PROFILE_FILE,
  type ExtensionProfile,
  parseExtensionProfile,
  parseReleaseContents,
  RELEASE_CONTENTS_FILE,
  RELEASE_MANIFEST_FILE,
  type ReleaseContents,
  type ReleaseManifest,
  unlike,
} from "../../schema/index.ts";
import { readBuildLog } from "../bake/build-log.ts";
import { readManifest } from "../bake/release.ts";
import { measureFile, sha256Of } from "../system/digest.ts";
import { UsageError, UserError } from "../system/errors.ts";
import { readDocument } from "../system/read-document.ts";

/** A baked release on this machine: the files that its manifest names lie in the folder. */
export interface LocalRelease {
  readonly folder: string;
  readonly manifest: ReleaseManifest;
  /** How it was baked, where that is known: `MAX_BUILD_LOG_BYTES` at most */
  readonly log?: string;
  /** What is in its images */
  readonly contents?: ReleaseContents;
  /** What the extension is */
  readonly profile?: ExtensionProfile;
}

export interface Published {
  /** Names of the files that were written; none where everything was there already. */
  readonly written: readonly string[];
  /** When machines see it; none: at once */
  readonly effectiveAt?: Date;
}

export interface Publisher {
  /**
   * Publishes a release; a second time does nothing. Never leaves an index that names a file which is not there.
   * @throws UserError where the files are not what the manifest says
   * @throws InvalidInput where other bytes are published under this version
   */
  publish(release: LocalRelease): Promise<Published>;
}

/** A place that keeps what extensions are apart from their releases. */
export interface Describer {
  /** @returns whether the place has it now; else it has one that was made with a newer version */
  describe(profile: ExtensionProfile): Promise<boolean>;
}

/**
 * Reads a release to be published and holds its files against its manifest.
 * @param path a release manifest, or a folder with a `release.json`
 */
export async function openRelease(path: string): Promise<LocalRelease> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  const file = isFolder ? join(path, RELEASE_MANIFEST_FILE) : path;
  const manifest = await readManifest(file);
  if (manifest === undefined) {
    throw new UsageError(`no release manifest: ${file}`, { hint: "./bakery create writes one beside its image" });
  }
  const folder = isFolder ? path : dirname(path);
  // A folder is a release's own; beside a `<extension>.release.json` there may be anything.
  const descriptions = isFolder ? await readDescriptions(folder, manifest) : {};
  const release = { manifest, folder, ...descriptions };
  await checkFiles(release);
  return release;
}

type Descriptions = Pick<LocalRelease, "log" | "contents" | "profile">;

async function readDescriptions(folder: string, manifest: ReleaseManifest): Promise<Descriptions> {
  const log = await readBuildLog(folder);
  const contents = await readContents(folder, manifest);
  const profile = await readDocument(join(folder, EXTENSION_PROFILE_FILE), parseExtensionProfile);
  if (profile !== undefined && profile.extension !== manifest.extension) {
    throw notOf(EXTENSION_PROFILE_FILE, folder, `the profile is of ${profile.extension}`);
  }
  return {
    ...(log !== undefined && { log }),
    ...(contents !== undefined && { contents }),
    ...(profile !== undefined && { profile }),
  };
}

/**
 * What a release's folder says of its images; undefined where it says nothing.
 * @throws UserError where it says it of others
 */
export async function readContents(folder: string, manifest: ReleaseManifest): Promise<ReleaseContents | undefined> {
  const contents = await readDocument(join(folder, RELEASE_CONTENTS_FILE), parseReleaseContents);
  const strange = contents && unlike(contents, manifest);
  if (strange !== undefined) throw notOf(RELEASE_CONTENTS_FILE, folder, strange);
  return contents;
}

function notOf(file: string, folder: string, problem: string): UserError {
  return new UserError(problem, {
    details: { file: join(folder, file) },
    hint: "take it away, or let ./bakery release make it anew",
  });
}

async function checkFiles({ folder, manifest }: LocalRelease): Promise<void> {
  for (const { file, size, sha256 } of manifest.images) {
    const found = await measureFile(join(folder, file)).catch(() => undefined);
    if (found === undefined) throw missing(file, folder);
    if (found.sha256 !== sha256 || found.size !== size) throw changed(file, sha256, found.sha256);
  }
  for (const { file, sha256 } of manifest.transfers) {
    const text = await readFile(join(folder, file)).catch(() => undefined);
    if (text === undefined) throw missing(file, folder);
    if (sha256Of(text) !== sha256) throw changed(file, sha256, sha256Of(text));
  }
}

function missing(file: string, folder: string): UserError {
  return new UserError(`the release lacks ${file}`, {
    details: { folder },
    hint: `create it as ${file}: a release has its own names, see --output-file and --sysupdate`,
  });
}

/** For a file that has other bytes than its release manifest says. */
export function changed(file: string, expected: string, actual: string): UserError {
  return new UserError(`${file} is not what the release manifest says`, {
    details: { expected, actual },
    hint: "bake it again",
  });
}
