/** Knows for each download which bytes are the right ones, by whatever its recipe says can vouch for them. */
import { basename } from "node:path";
import { isSha256, type VerifiedBy } from "../../../schema/index.ts";
import type { Download, Signature } from "../../recipe/index.ts";
import { UpstreamError, UserError, WrongContentError } from "../../system/errors.ts";
import type { Sink } from "../../system/http.ts";
import type { HashAlgorithm, Spool } from "../../system/spool.ts";
import { parseGitTag } from "../../versions/git.ts";
import type { Upstreams } from "../../versions/upstreams.ts";
import type { Plan } from "../plan.ts";
import { readKey } from "./keys.ts";
import { isWebPage, webPageInstead } from "./web-page.ts";

/** A download with what is known of it before its first byte: where from, and what it has to hash to. */
export interface ResolvedDownload {
  readonly download: Download;
  /** What the file is called, for people and for finding it in a checksum file. */
  readonly file: string;
  /** `https://…`, also for what the recipe names otherwise, but for what git brings: two tags are two downloads. */
  readonly address: string;
  readonly verifiedBy: VerifiedBy;
  readonly reason?: string;
  /** Undefined for what is openly unverified, and for what a signature vouches for. */
  readonly expected: { readonly algorithm: HashAlgorithm; readonly hex: string } | undefined;
  /** Throws where the whole of it is not what was signed. */
  readonly checkSignature?: (content: ReadableStream<Uint8Array>) => Promise<void>;
  /** How it comes here where that is not by HTTP. */
  readonly bring?: (sink: Sink, signal: AbortSignal | undefined) => Promise<void>;
  /** The commit that it is the tree of. */
  readonly commit?: string;
}

/** What is to be known of a download to get it. */
export type Wanted = Pick<ResolvedDownload, "file" | "address" | "expected" | "checkSignature" | "bring">;

const NPM = /^npm:(?<name>@?[^@]+)@(?<version>.+)$/;
const GITHUB_ASSET =
  /^https:\/\/github\.com\/(?<repository>[^/]+\/[^/]+)\/releases\/download\/(?<tag>[^/]+)\/(?<file>[^/]+)$/;

/** @throws UpstreamError or UserError where nothing vouches for the bytes although the recipe says that something does */
export async function resolveDownload(plan: Plan, download: Download, upstreams: Upstreams): Promise<ResolvedDownload> {
  const { url, verify } = download;
  const npm = NPM.exec(url)?.groups as { name: string; version: string } | undefined;
  const dist = npm && (await upstreams.npm.dist(npm.name, npm.version));
  const git = parseGitTag(url);
  if (git !== undefined && verify.kind !== "git-commit") {
    throw new UserError("gitTag(…) is verified by gitCommit()", { details: { url } });
  }
  const address = dist?.tarball ?? url;
  const file = fileNameOf(address);
  const resolved = { download, file, address, verifiedBy: verify.kind };
  const sha256 = (hex: string) => ({ ...resolved, expected: { algorithm: "sha256" as const, hex } });

  switch (verify.kind) {
    case "checksum-file": {
      const { bytes } = await upstreams.http.readBytes(verify.url);
      if (isWebPage(bytes)) throw webPageInstead("the checksum file", { url: verify.url });
      const { signature } = verify;
      if (signature !== undefined) await (await signatureCheck(plan, verify.url, signature, upstreams))(bytes);
      const found = sha256(findChecksum(bytes.toString("utf8"), file, verify.url));
      return signature === undefined ? found : { ...found, verifiedBy: "signed-checksum-file" };
    }
    case "openpgp-signature": {
      const check = await signatureCheck(plan, url, verify.signature, upstreams);
      return { ...resolved, expected: undefined, checkSignature: check };
    }
    case "github-digest": {
      const { repository, tag } = GITHUB_ASSET.exec(url)?.groups ?? {};
      if (repository === undefined || tag === undefined) {
        throw new UserError("githubDigest() is for files of GitHub releases", { details: { url } });
      }
      const hex = await upstreams.github.assetDigest(repository, decodeURIComponent(tag), file);
      if (hex !== undefined) return sha256(hex);
      const { otherwise } = verify;
      if (otherwise !== undefined) {
        return { ...resolved, verifiedBy: otherwise.kind, reason: otherwise.reason, expected: undefined };
      }
      throw new UpstreamError(`GitHub states no digest for ${file} of ${repository} ${decodeURIComponent(tag)}`, {
        details: { url },
        hint: "releases from before June 2025 have none: the recipe must verify them in another way",
      });
    }
    case "git-commit": {
      if (git === undefined) throw new UserError("gitCommit() is for gitTag(…)", { details: { url } });
      const commit = await upstreams.git.commitOf(git);
      // git holds all that it brings against the commit.
      const bring = (sink: Sink, signal?: AbortSignal) => upstreams.git.archive(git, commit, sink, signal);
      return { ...resolved, expected: undefined, bring, commit };
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

/**
 * What holds a file against its signature.
 * @throws WrongContentError, when it is used, for a signature that is not by that key, or not over this
 */
async function signatureCheck(
  { folder }: Plan,
  url: string,
  { url: at, key: name }: Signature,
  { http }: Upstreams,
): Promise<(content: Uint8Array | ReadableStream<Uint8Array>) => Promise<void>> {
  const [keyring, { bytes }] = await Promise.all([readKey(folder, name), http.readBytes(at)]);
  return async (content) => {
    if (await keyring.vouches(content, bytes)) return;
    throw new WrongContentError(`${fileNameOf(url)} is not what upstream has signed`, {
      details: { url, signature: at, key: `${name} (${keyring.fingerprints.join(", ")})` },
      hint: "if upstream has a new key, put it into extensions/_keys/ after asking upstream; else do not override",
    });
  };
}

/** What a download is called, for people and for finding it in a checksum file. */
export function fileNameOf(address: string): string {
  return decodeURIComponent(basename(new URL(address).pathname));
}

/** @throws WrongContentError if what has arrived is not what it should be */
export async function checkContent(wanted: Wanted, spool: Spool): Promise<void> {
  const { file, address, expected, checkSignature } = wanted;
  const isPage = async () => !/\.html?$/i.test(file) && isWebPage(await spool.head());
  try {
    await checkSignature?.(spool.stream());
  } catch (error) {
    throw (await isPage()) ? webPageInstead(file, { url: address }) : error;
  }
  if (checkSignature !== undefined || wanted.bring !== undefined) return;
  if (expected !== undefined && spool.digest(expected.algorithm) === expected.hex) return;
  if (await isPage()) throw webPageInstead(file, { url: address });
  if (expected === undefined) return;
  throw new WrongContentError(`${file} does not match its published checksum`, {
    details: { url: address, expected: expected.hex, actual: spool.digest(expected.algorithm) },
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
  if (hex === undefined) {
    throw new UpstreamError(`the checksum file has no sha256 for ${file}`, {
      details: { url },
      hint: "upstream may have renamed the file, or not have it for this architecture: see what the checksum file names",
    });
  }
  if (others.length > 0) throw new UpstreamError(`the checksum file has two digests for ${file}`, { details: { url } });
  return hex;
}
