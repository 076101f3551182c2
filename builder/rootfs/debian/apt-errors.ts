/** What apt says when it fails, told by whose fault it is and what helps. */
import {
  type BakeryError,
  NotFoundError,
  ToolError,
  UpstreamError,
  UserError,
  WrongContentError,
} from "../../system/errors.ts";
import { type DebianTree, packageName } from "./spec.ts";

/** Those of apt's lines that are about what went wrong. */
function complaints(error: ToolError): string[] {
  return (error.details.output ?? "").split("\n").filter((line) => /^[EW]: /.test(line));
}

export function explainUpdate(error: ToolError, archive: string, suites: readonly string[]): BakeryError {
  const lines = complaints(error);
  const text = lines.join("\n");
  const details = { archive, suites: suites.join(", "), output: text || (error.details.output ?? "") };
  if (/No space left/i.test(text)) return noSpace("the lists of packages", details, error);
  if (/GPG error|signatures? (?:were|was|couldn't)|NO_PUBKEY|not signed|BADSIG|EXPKEYSIG/i.test(text)) {
    return new WrongContentError("the archive is not signed by who should have signed it", {
      details,
      hint: "use another mirror of it, or update the keys: Debian's are in the package debian-archive-keyring",
      cause: error,
    });
  }
  if (/Hash Sum mismatch|unexpected size|Clearsigned file isn't valid/i.test(text)) {
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
    // apt-cache(8): `  btop |  1.2.13-1 | http://… Packages`
    const known = await askCache("madison", version.name);
    const versions = new Set(known.split("\n").flatMap((line) => line.split("|")[1]?.trim() || []));
    return new UserError(`there is no version ${version.version} of ${version.name}`, {
      details: { ...details, versions: [...versions].join(", ") },
      hint: "older ones are kept by snapshot.debian.org: name it as the archive",
      cause: error,
    });
  }
  const { name, other, third } = NO_PACKAGE.exec(output)?.groups ?? {};
  const missing = name ?? other ?? third;
  if (missing !== undefined) {
    const providers = await providersOf(packageName(missing), askCache);
    return new UserError(`there is no package ${packageName(missing)}`, {
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

async function providersOf(name: string, askCache: (...args: string[]) => Promise<string>): Promise<string[]> {
  const shown = await askCache("showpkg", name).catch(() => "");
  const lines = (shown.split("Reverse Provides:")[1] ?? "").trim().split("\n");
  return [...new Set(lines.map((line) => line.split(" ")[0] ?? "").filter((one) => one !== ""))];
}

export function noSpace(what: string, details: Readonly<Record<string, string>>, cause: unknown): ToolError {
  return new ToolError(`no space left for ${what}`, { details, hint: "free some space and run it again", cause });
}
