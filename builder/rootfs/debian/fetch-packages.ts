/**
 * Packages that are kept, by their digest: nothing is fetched twice, by whichever run.
 *
 * `<cache>/apt/archives/<name>_<version>_<architecture>.<sha256>.deb` are whole and were right when they were put
 * there; `.partial-<owner>` are folders of those that are under way. They age with all other downloads.
 */
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { prune } from "../../bake/fetch/prune.ts";
import { measureFile } from "../../system/digest.ts";
import { errorCode, UserError } from "../../system/errors.ts";
import { openKept, touch } from "../../system/kept.ts";
import { OWNER, OWNER_PATTERN } from "../../system/owner.ts";
import { run } from "../../system/run.ts";
import { sweep } from "../../system/work-dir.ts";
import type { AptOptions } from "./apt.ts";
import { explainFetch, wrongPackages } from "./apt-errors.ts";
import type { DebianPackage } from "./spec.ts";

/** Has apt's own way to the network, and takes several files at once. */
const HELPER = "/usr/lib/apt/apt-helper";

/** A package that is here. */
export interface Archive extends DebianPackage {
  readonly path: string;
}

/**
 * @returns all of them, in the same order, with bytes that are those vouched for
 * @throws WrongContentError if an archive has others; UpstreamError if it does not have them, or does not answer
 * @throws UserError offline, for those that are not here
 */
export async function fetchPackages(packages: readonly DebianPackage[], options: AptOptions): Promise<Archive[]> {
  const { cache, offline = false } = options;
  const folder = join(cache, "apt/archives");
  await openKept(folder, "packages");
  const archives = packages.map((one) => ({ ...one, path: join(folder, fileName(one)) }));
  const missing: Archive[] = [];
  for (const archive of archives) if (!(await isKept(archive))) missing.push(archive);
  if (missing.length === 0) return archives;
  if (offline) {
    throw new UserError(`packages are not in the cache: ${missing.map(({ name }) => name).join(", ")}`, {
      details: { cache: folder },
      hint: "run it once without --offline",
    });
  }
  await fetchInto(folder, missing, options).catch((error: unknown) => {
    throw explainFetch(error, folder);
  });
  await prune(cache);
  return archives;
}

async function fetchInto(folder: string, missing: readonly Archive[], { signal }: AptOptions): Promise<void> {
  await sweep(folder, new RegExp(`^\\.partial-(?<owner>${OWNER_PATTERN})-`));
  const partial = await mkdtemp(join(folder, `.partial-${OWNER}-`));
  try {
    const place = ({ sha256 }: Archive) => join(partial, `${sha256}.deb`);
    const files = missing.flatMap((archive) => [archive.url, place(archive), `SHA256:${archive.sha256}`]);
    await run(HELPER, ["-q", "-o", "APT::Sandbox::User=root", "download-file", ...files], { signal, package: "apt" });
    for (const archive of missing) {
      const { sha256: actual } = await measureFile(place(archive));
      if (actual !== archive.sha256) throw wrongPackages({ url: archive.url, expected: archive.sha256, actual });
      await rename(place(archive), archive.path);
    }
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Whether it is here and still right. A disk forgets, or somebody has written to it. */
async function isKept({ path, sha256, size }: Archive): Promise<boolean> {
  if (!(await touch(path))) return false;
  try {
    const measured = await measureFile(path);
    if (measured.size === size && measured.sha256 === sha256) return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
  await rm(path, { force: true });
  return false;
}

function fileName({ name, version, architecture, sha256 }: DebianPackage): string {
  return `${name}_${version.replace(":", "%3a")}_${architecture}.${sha256}.deb`;
}
