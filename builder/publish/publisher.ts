/** Publishing: what every place that releases can be published to does, and what is published. */
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RELEASE_MANIFEST_FILE, type ReleaseManifest } from "../../schema/index.ts";
import { readBuildLog } from "../bake/build-log.ts";
import { readManifest } from "../bake/release.ts";
import { measureFile, sha256Of } from "../system/digest.ts";
import { UsageError, UserError } from "../system/errors.ts";

/** A baked release on this machine: the files that its manifest names lie in the folder. */
export interface LocalRelease {
  readonly folder: string;
  readonly manifest: ReleaseManifest;
  /** How it was baked, where that is known: `MAX_BUILD_LOG_BYTES` at most */
  readonly log?: string;
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
  const log = isFolder ? await readBuildLog(folder) : undefined;
  const release = { manifest, folder, ...(log !== undefined && { log }) };
  await checkFiles(release);
  return release;
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
