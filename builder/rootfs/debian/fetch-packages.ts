/**
 * Packages that are kept, by their digest: nothing is fetched twice, by whichever run.
 *
 * `<cache>/apt/archives/<name>_<version>_<architecture>.<sha256>.deb` are whole and were right when they were put
 * there; `.partial-<owner>` are folders of those that are under way. They age with all other downloads.
 */
import { mkdir, mkdtemp, rename, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { prune } from "../../bake/fetch/prune.ts";
import { measureFile } from "../../system/digest.ts";
import {
  type BakeryError,
  errorCode,
  NotFoundError,
  ToolError,
  UpstreamError,
  UserError,
  WrongContentError,
} from "../../system/errors.ts";
import { OWNER, OWNER_PATTERN } from "../../system/owner.ts";
import { run } from "../../system/run.ts";
import { sweep } from "../../system/work-dir.ts";
import type { AptOptions } from "./apt.ts";
import { noSpace } from "./apt-errors.ts";
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
  await mkdir(folder, { recursive: true });
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
  await fetchInto(folder, missing, options);
  await prune(cache);
  return archives;
}

async function fetchInto(folder: string, missing: readonly Archive[], { signal }: AptOptions): Promise<void> {
  await sweep(folder, new RegExp(`^\\.partial-(?<owner>${OWNER_PATTERN})-`));
  const partial = await mkdtemp(join(folder, `.partial-${OWNER}-`));
  try {
    const place = ({ sha256 }: Archive) => join(partial, `${sha256}.deb`);
    const files = missing.flatMap((archive) => [archive.url, place(archive), `SHA256:${archive.sha256}`]);
    await run(HELPER, ["-q", "-o", "APT::Sandbox::User=root", "download-file", ...files], {
      signal,
      package: "apt",
    }).catch((error) => {
      throw error instanceof ToolError && error.details.output !== undefined ? explain(error) : error;
    });
    for (const archive of missing) {
      const { sha256: actual } = await measureFile(place(archive));
      if (actual !== archive.sha256) throw wrongContent({ url: archive.url, expected: archive.sha256, actual });
      await rename(place(archive), archive.path);
    }
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Whether it is here and still right. A disk forgets, or somebody has written to it. */
async function isKept({ path, sha256, size }: Archive): Promise<boolean> {
  try {
    await utimes(path, new Date(), new Date());
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

function explain(error: ToolError): BakeryError {
  const output = error.details.output ?? "";
  const failed = output.split("\n").filter((line) => /^(?:[EW]: |\s)/.test(line));
  const details = { output: failed.join("\n") || output };
  if (/No space left/i.test(output)) return noSpace("packages", details, error);
  if (/Hash Sum mismatch|unexpected size/i.test(output)) return wrongContent(details, error);
  if (/\b404 /.test(output)) {
    const hint = "it has changed since its lists were read: run it again";
    return new NotFoundError("the archive no longer has the packages", { details, hint, cause: error });
  }
  return new UpstreamError("packages cannot be fetched", {
    details,
    hint: "see that the archive can be reached from here",
    cause: error,
  });
}

function wrongContent(details: Readonly<Record<string, string>>, cause?: unknown): WrongContentError {
  return new WrongContentError("packages are not what the archive's signature vouches for", {
    details,
    hint: "try again; if it persists, use another mirror",
    cause,
  });
}
