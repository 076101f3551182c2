/** Refuses, before anything is fetched, what a recipe cannot mean: addresses that are none or that nothing vouches for. */
import type { Download, Verification } from "../../recipe/index.ts";
import { UserError } from "../../system/errors.ts";
import { parseGitTag } from "../../versions/git.ts";

/** @throws UserError naming the address */
export function checkDownloads(extension: string, downloads: readonly Download[]): void {
  for (const { url, verify } of downloads) {
    const problem = addressProblem(url, verify) ?? checksumProblem(verify);
    if (problem === undefined) continue;
    throw new UserError(`the recipe of ${extension} cannot be followed: ${problem}`, { details: { url } });
  }
}

function addressProblem(url: string, verify: Verification): string | undefined {
  if (url.startsWith("npm:") || parseGitTag(url) !== undefined) return undefined;
  const { protocol, pathname } = URL.parse(url) ?? {};
  if (protocol !== "https:" && protocol !== "http:") return "a download needs an https URL";
  // Where no digest is known beforehand, all trust is in TLS.
  if (protocol === "http:" && verify.kind === "unverified") return "an unverified download needs an https URL";
  return isFileName(pathname?.split("/").at(-1)) ? undefined : "a download's URL ends in the file's name";
}

function checksumProblem(verify: Verification): string | undefined {
  if (verify.kind !== "checksum-file" || URL.parse(verify.url)?.protocol === "https:") return undefined;
  return `a checksum file needs an https URL, not ${verify.url}`;
}

function isFileName(encoded = ""): boolean {
  try {
    return decodeURIComponent(encoded) !== "";
  } catch {
    return false;
  }
}
