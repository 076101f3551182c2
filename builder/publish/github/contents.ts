/** The files that go to GitHub: those of a release, and texts that are made here. */
import { openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  BUILD_LOG_FILE,
  filesOf,
  formatReleaseManifest,
  INDEX_FILE,
  RELEASE_DOCUMENTS,
  RELEASE_MANIFEST_FILE,
  type ReleaseManifest,
  releaseName,
} from "../../../schema/index.ts";
import { sha256Of } from "../../system/digest.ts";
import { UserError } from "../../system/errors.ts";
import { releaseText, SIGNATURE_SUFFIXES } from "../index-signer.ts";
import type { LocalRelease } from "../publisher.ts";
import type { GithubAsset } from "./answers.ts";
import type { GithubAssets } from "./assets.ts";

export interface Content {
  readonly file: string;
  /** Bytes */
  readonly size: number;
  readonly sha256: string;
  open(): Promise<Blob>;
}

const [GPG, ASC] = SIGNATURE_SUFFIXES;
export const SIGNATURE_FILES = [`${INDEX_FILE}${GPG}`, `${INDEX_FILE}${ASC}`] as const;

/** https://docs.github.com/en/repositories/releasing-projects-on-github/about-releases#storage-and-bandwidth-quotas */
const MAX_ASSET_BYTES = 2 * 1024 ** 3;
const MAX_ASSETS = 1_000;

export function textContent(file: string, text: string | Uint8Array): Content {
  const bytes = new Uint8Array(Buffer.from(text as string));
  return { file, size: bytes.length, sha256: sha256Of(bytes), open: async () => new Blob([bytes]) };
}

/** A file that is at a release already, to be at another one. */
export async function assetContent(asset: GithubAsset, assets: GithubAssets): Promise<Content> {
  const open = async () => new Blob([new Uint8Array(await assets.bytesOf(asset))]);
  return { file: asset.name, size: asset.size, sha256: await assets.sha256Of(asset), open };
}

/** @param signature of an index, in base64 */
export function signatureContents(signature: string | undefined): Content[] {
  if (signature === undefined) return [];
  return SIGNATURE_FILES.map((file) => textContent(file, Buffer.from(signature, "base64")));
}

/** What follows from a release manifest. */
export function documentContents(manifest: ReleaseManifest): Content[] {
  return Object.entries(RELEASE_DOCUMENTS).map(([file, format]) => textContent(file, format(manifest)));
}

/**
 * What an individual release has.
 * @param signature of its own lines, in base64
 * @throws UserError for what GitHub does not take
 */
export async function contentsOf({ folder, manifest, log }: LocalRelease, signature?: string): Promise<Content[]> {
  const files = filesOf(manifest).map(async ({ file, sha256, size }): Promise<Content> => {
    const path = join(folder, file);
    return { file, sha256, size: size ?? (await stat(path)).size, open: () => openAsBlob(path) };
  });
  const contents = [
    ...(await Promise.all(files)),
    textContent(INDEX_FILE, releaseText(manifest)),
    ...signatureContents(signature),
    textContent(RELEASE_MANIFEST_FILE, formatReleaseManifest(manifest)),
    ...documentContents(manifest),
    // GitHub takes no file without bytes.
    ...(log ? [textContent(BUILD_LOG_FILE, log)] : []),
  ];
  const large = contents.find(({ size }) => size >= MAX_ASSET_BYTES);
  if (large !== undefined) {
    throw new UserError(`${large.file} is too large for GitHub`, {
      details: { size: String(large.size), limit: `less than ${MAX_ASSET_BYTES} bytes` },
      hint: "publish it to a bakery of the worker, or to a folder",
    });
  }
  if (contents.length > MAX_ASSETS) {
    throw new UserError(`${releaseName(manifest)} has too many files for GitHub`, {
      details: { files: String(contents.length), limit: String(MAX_ASSETS) },
    });
  }
  return contents;
}
