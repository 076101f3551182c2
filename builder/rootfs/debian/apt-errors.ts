/** What apt says when it fails, told by whose fault it is and what helps. */
import {
  type BakeryError,
  NotFoundError,
  ToolError,
  UpstreamError,
  UserError,
  WrongContentError,
} from "../../system/errors.ts";
import { isFull, noSpace, saysFull } from "../../system/no-space.ts";
import { type DebianTree, packageName } from "./spec.ts";

/** What is kept of an archive, for errors. */
export const LISTS = "lists of packages";
const WRONG_BYTES = /Hash Sum mismatch|unexpected size/i;

/** Whether it is what apt has said, and not that there is no apt. */
export function hasSpoken(error: unknown): error is ToolError {
  return error instanceof ToolError && error.details.output !== undefined;
}

/** Those of apt's lines that are about what went wrong, and what belongs to them; all of them where none is. */
function complaintsIn(output: string): string {
  const lines = output.split("\n").filter((line) => /^(?:[EW]: |\s)/.test(line));
  return lines.join("\n") || output;
}

/** @param folder where lists are kept */
export function explainUpdate(
  error: ToolError,
  { archive, suites, folder }: { archive: string; suites: readonly string[]; folder: string },
): BakeryError {
  const text = complaintsIn(error.details.output ?? "");
  const details = { archive, suites: suites.join(", "), output: text };
  if (saysFull(text)) return noSpace(LISTS, folder, error, "BAKERY_CACHE");
  if (/GPG error|signatures? (?:were|was|couldn't)|NO_PUBKEY|not signed|BADSIG|EXPKEYSIG/i.test(text)) {
    return new WrongContentError("the archive is not signed by who should have signed it", {
      details,
      hint: "use another mirror of it, or update the keys: Debian's are in the package debian-archive-keyring",
      cause: error,
    });
  }
  if (WRONG_BYTES.test(text) || /Clearsigned file isn't valid/i.test(text)) {
    return new WrongContentError("the archive's lists are not what its signature vouches for", {
      details,
      hint: "try again, for it may be changing; if it persists, use another mirror",
      cause: error,
    });
  }
  if (/does not have a Release file/.test(text) && !/Could not|Unable to connect|Temporary failure/i.test(text)) {
    return new NotFoundError(`the archive has no ${suites.length > 1 ? "such suites" : "such suite"}`, {
      details,
      hint: "see its folder dists/",
      cause: error,
    });
  }
  if (/Failed to fetch|Could not|Unable to connect|Temporary failure/i.test(text)) {
    return new UpstreamError("the archive does not answer", {
      details,
      hint: "see that it can be reached from here; DEBIAN_ARCHIVE names another",
      cause: error,
    });
  }
  return new ToolError("apt cannot read the archive", { details, cause: error });
}

/** @param folder where packages are kept */
export function explainFetch(error: unknown, folder: string): unknown {
  if (isFull(error)) return noSpace("packages", folder, error, "BAKERY_CACHE");
  if (!hasSpoken(error)) return error;
  const output = complaintsIn(error.details.output ?? "");
  if (saysFull(output)) return noSpace("packages", folder, error, "BAKERY_CACHE");
  if (WRONG_BYTES.test(output)) return wrongPackages({ output }, error);
  if (/\b404 /.test(output)) {
    return new NotFoundError("the archive no longer has the packages", {
      details: { output },
      hint: "it has changed since its lists were read: run it again",
      cause: error,
    });
  }
  return new UpstreamError("packages cannot be fetched", {
    details: { output },
    hint: "see that the archive can be reached from here",
    cause: error,
  });
}

export function wrongPackages(details: Readonly<Record<string, string>>, cause?: unknown): WrongContentError {
  return new WrongContentError("packages are not what the archive's signature vouches for", {
    details,
    hint: "try again; if it persists, use another mirror",
    cause,
  });
}

/** The archive's suite has no package of that name. */
export class NoPackageError extends UserError {}

const NO_PACKAGE =
  /Unable to locate package (?<name>\S+)|Package '(?<other>[^']+)' has no installation candidate|Couldn't find any package by \S+ '(?<third>[^']+)'/;
const NO_VERSION = /Version '(?<version>[^']+)' for '(?<name>[^']+)' was not found/;

export async function explainInstall(
  error: ToolError,
  { suite, arch }: DebianTree,
  archive: string,
  askCache: (...args: string[]) => Promise<string>,
): Promise<BakeryError> {
  const output = error.details.output ?? "";
  const details = { suite, arch, archive };
  const version = NO_VERSION.exec(output)?.groups;
  if (version?.name !== undefined) {
    const known = await versionsOf(version.name, askCache);
    return new UserError(`there is no version ${version.version} of ${version.name}`, {
      details: { ...details, versions: known.join(", ") },
      hint: "older ones are kept by snapshot.debian.org: name it as the archive",
      cause: error,
    });
  }
  const { name, other, third } = NO_PACKAGE.exec(output)?.groups ?? {};
  const missing = name ?? other ?? third;
  if (missing !== undefined) {
    const providers = await providersOf(packageName(missing), askCache);
    return new NoPackageError(`there is no package ${packageName(missing)}`, {
      details,
      hint:
        providers.length > 0 ? `take one that provides it: ${providers.join(", ")}` : "see https://packages.debian.org",
      cause: error,
    });
  }
  if (/held broken packages|unmet dependencies/i.test(output)) {
    return new UserError("the packages cannot be installed together", {
      details: { ...details, output },
      cause: error,
    });
  }
  return new ToolError("apt cannot say what the packages need", { details: { ...details, output }, cause: error });
}

/** All that the archive has of a package, newest first. */
export async function versionsOf(name: string, askCache: (...args: string[]) => Promise<string>): Promise<string[]> {
  // apt-cache(8): `  btop |  1.2.13-1 | http://… Packages`
  const known = await askCache("madison", name);
  return [...new Set(known.split("\n").flatMap((line) => line.split("|")[1]?.trim() || []))];
}

async function providersOf(name: string, askCache: (...args: string[]) => Promise<string>): Promise<string[]> {
  const shown = await askCache("showpkg", name).catch(() => "");
  const lines = (shown.split("Reverse Provides:")[1] ?? "").trim().split("\n");
  return [...new Set(lines.map((line) => line.split(" ")[0] ?? "").filter((one) => one !== ""))];
}
