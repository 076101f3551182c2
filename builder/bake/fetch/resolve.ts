/** Knows for each download which bytes are the right ones, by whatever its recipe says can vouch for them. */
import { basename } from "node:path";
import { isSha256, type VerifiedBy } from "../../../schema/index.ts";
import type { Download } from "../../recipe/index.ts";
import { UpstreamError, UserError, WrongContentError } from "../../system/errors.ts";
import type { HashAlgorithm, Spool } from "../../system/spool.ts";
import type { Upstreams } from "../../versions/upstreams.ts";
import type { Plan } from "../plan.ts";

/** A download with what is known of it before its first byte: where from, and what it has to hash to. */
export interface ResolvedDownload {
  readonly download: Download;
  /** What the file is called, for people and for finding it in a checksum file. */
  readonly file: string;
  /** `https://…`, also for what the recipe names otherwise. */
  readonly address: string;
  readonly verifiedBy: VerifiedBy;
  readonly reason?: string;
  /** Undefined only for what is openly unverified. */
  readonly expected: { readonly algorithm: HashAlgorithm; readonly hex: string } | undefined;
}

/** What is to be known of a download to get it. */
export type Wanted = Pick<ResolvedDownload, "file" | "address" | "expected">;

const NPM = /^npm:(?<name>@?[^@]+)@(?<version>.+)$/;
const GITHUB_ASSET =
  /^https:\/\/github\.com\/(?<repository>[^/]+\/[^/]+)\/releases\/download\/(?<tag>[^/]+)\/(?<file>[^/]+)$/;

/** @throws UpstreamError or UserError where nothing vouches for the bytes although the recipe says that something does */
export async function resolveDownload(plan: Plan, download: Download, upstreams: Upstreams): Promise<ResolvedDownload> {
  const { url, verify } = download;
  const npm = NPM.exec(url)?.groups as { name: string; version: string } | undefined;
  const dist = npm && (await upstreams.npm.dist(npm.name, npm.version));
  const address = dist?.tarball ?? url;
  const file = fileNameOf(address);
  const resolved = { download, file, address, verifiedBy: verify.kind };
  const sha256 = (hex: string) => ({ ...resolved, expected: { algorithm: "sha256" as const, hex } });

  switch (verify.kind) {
    case "checksum-file": {
      const { text } = await upstreams.http.read(verify.url);
      return sha256(findChecksum(text, file, verify.url));
    }
    case "github-digest": {
      const { repository, tag } = GITHUB_ASSET.exec(url)?.groups ?? {};
      if (repository === undefined || tag === undefined) {
        throw new UserError("githubDigest() is for files of GitHub releases", { details: { url } });
      }
      return sha256(await upstreams.github.assetDigest(repository, decodeURIComponent(tag), file));
    }
    case "npm-integrity":
      if (dist === undefined) throw new UserError("npmIntegrity() is for npmTarball(…)", { details: { url } });
      return { ...resolved, expected: { algorithm: "sha512", hex: dist.sha512 } };
    case "pinned": {
      const digest = verify.digests[plan.version];
      if (digest === undefined || !isSha256(digest)) {
        throw new UserError(`the recipe of ${plan.extension} pins no sha256 for ${plan.version}`, {
          details: { url },
          hint: `add it to pinned({ … }); it knows ${Object.keys(verify.digests).join(", ")}`,
        });
      }
      return sha256(digest);
    }
    case "unverified":
      return { ...resolved, reason: verify.reason, expected: undefined };
  }
}

/** What a download is called, for people and for finding it in a checksum file. */
export function fileNameOf(address: string): string {
  return decodeURIComponent(basename(new URL(address).pathname));
}

/** @throws WrongContentError if what has arrived is not what it should be */
export function checkDigest({ file, address, expected }: Wanted, spool: Spool): void {
  if (expected === undefined) return;
  const actual = spool.digest(expected.algorithm);
  if (actual === expected.hex) return;
  throw new WrongContentError(`${file} does not match its published checksum`, {
    details: { url: address, expected: expected.hex, actual },
    hint: "try again; if it persists, upstream replaced the file: do not override",
  });
}

/**
 * The sha256 for a file in a checksum file: the digest alone, or `sha256sum` lines, of which one names the file.
 * @throws UpstreamError where it has none for the file, or two
 */
export function findChecksum(text: string, file: string, url: string): string {
  const alone = /^\s*(?<hex>[0-9a-fA-F]{64})\s*$/.exec(text)?.groups?.hex;
  if (alone !== undefined) return alone.toLowerCase();

  const found = text
    .split(/\r?\n/)
    .map((line) => /^(?<hex>[0-9a-fA-F]{64})\s+\*?(?<name>\S.*)$/.exec(line)?.groups)
    .filter((entry) => entry?.name !== undefined && basename(entry.name.trimEnd()) === file)
    .map((entry) => entry?.hex?.toLowerCase());
  const [hex, ...others] = new Set(found);
  if (hex === undefined) throw new UpstreamError(`the checksum file has no sha256 for ${file}`, { details: { url } });
  if (others.length > 0) throw new UpstreamError(`the checksum file has two digests for ${file}`, { details: { url } });
  return hex;
}
