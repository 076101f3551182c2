/** Indexes of a mirror: the bakery's own, byte for byte, where the mirror has all that they name; else what is left. */
import {
  formatSha256Sums,
  type IndexEntry,
  isBestBefore,
  parseImageFile,
  parseSha256Sums,
} from "../../schema/index.ts";
import { SIGNATURE_SUFFIXES } from "../publish/index-signer.ts";
import type { SigningKey } from "../signing/signing-key.ts";
import type { MirrorFolder } from "./mirror-folder.ts";
import type { SignedIndex } from "./mirror-state.ts";

/** Whose signature an index has: the bakery's, ours, or none. */
export type SignedBy = "bakery" | "mirror" | "nobody";

export interface MirroredIndex {
  /** Empty: there is nothing to name */
  readonly text: string;
  /** The bakery's, in base64 */
  readonly signature?: string | undefined;
}

/**
 * Of an index all lines but those of images that the mirror has not. What is left has no date: until when it is good
 * only the bakery can say, by its signature, and that is gone.
 */
export function mirroredIndex(
  { text, signature }: SignedIndex,
  isMirrored: (line: IndexEntry) => boolean,
): MirroredIndex {
  const lines = parseSha256Sums(text);
  const isImage = ({ file }: IndexEntry) => parseImageFile(file) !== undefined;
  if (lines.every((line) => !isImage(line) || isMirrored(line))) return { text, signature: signature?.base64 };
  const left = lines.filter((line) => !isBestBefore(line) && (!isImage(line) || isMirrored(line)));
  return { text: left.some(isImage) ? formatSha256Sums(left) : "" };
}

/**
 * Puts an index with its signature, which comes first: between the two, machines that verify refuse both, and take
 * them a moment later.
 * @param path public, of the index
 * @param key signs what the bakery has not; none: that is not signed
 */
export async function putIndex(
  folder: MirrorFolder,
  path: string,
  { text, signature: kept }: MirroredIndex,
  key: SigningKey | undefined,
): Promise<SignedBy> {
  const index = { path, content: text === "" ? undefined : text };
  const signature = text === "" ? undefined : (kept ?? (await ownSignature(folder, path, text, key)));
  const content = signature === undefined ? undefined : Buffer.from(signature, "base64");
  const signatures = SIGNATURE_SUFFIXES.map((suffix) => ({ path: path + suffix, content }));
  await folder.writeTogether(text === "" ? [index, ...signatures] : [...signatures, index]);
  if (signature === undefined) return "nobody";
  return kept === undefined ? "mirror" : "bakery";
}

/** What we have signed before is not signed again. */
async function ownSignature(folder: MirrorFolder, path: string, text: string, key: SigningKey | undefined) {
  if (key === undefined) return undefined;
  const there = (await folder.read(path + SIGNATURE_SUFFIXES[0]))?.toString("base64");
  return there !== undefined && (await key.keyring.verify(text, there)) ? there : key.sign(text);
}
