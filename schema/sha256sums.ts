/**
 * `SHA256SUMS`, the index that systemd-sysupdate reads: parsed as strictly as the strictest client (254, 257 and 262
 * each refuse a whole index for one bad line), so that what passes here passes everywhere.
 *
 * sysupdate.d(5); src/sysupdate/sysupdate-resource.c
 */
import { InvalidInput } from "./invalid-input.ts";

export interface IndexEntry {
  readonly file: string;
  /** 64 lower-case hex digits */
  readonly sha256: string;
}

export const SHA256 = /^[0-9a-f]{64}$/;
const LINE = /^(?<sha256>[0-9a-fA-F]{64}) [ *](?<file>.+)$/;
const MAX_FILE_NAME_BYTES = 255;

/**
 * Reads an index. The same line twice counts once.
 * @throws InvalidInput naming the line, for anything a client would refuse and for one name with two hashes
 */
export function parseSha256Sums(text: string): IndexEntry[] {
  if (text === "") throw invalid("empty");
  if (!text.endsWith("\n")) throw invalid("no line feed at the end");

  const entries = text
    .slice(0, -1)
    .split("\n")
    .map((line, at) => parseLine(line, at + 1));
  return mergeSha256Sums(entries);
}

/**
 * Joins entries, in the order in which they first appear.
 * @throws InvalidInput where one name has two hashes: clients disagree about which one counts
 */
export function mergeSha256Sums(...lists: readonly (readonly IndexEntry[])[]): IndexEntry[] {
  const byFile = new Map<string, IndexEntry>();
  for (const entry of lists.flat()) {
    const known = byFile.get(entry.file);
    if (known !== undefined && known.sha256 !== entry.sha256) {
      throw invalid(`${entry.file} has two hashes, ${known.sha256} and ${entry.sha256}`);
    }
    byFile.set(entry.file, entry);
  }
  return [...byFile.values()];
}

/** Writes an index that `parseSha256Sums` reads; the empty string for no entries, which is no valid index. */
export function formatSha256Sums(entries: readonly IndexEntry[]): string {
  return entries.map(({ sha256, file }) => `${sha256}  ${file}\n`).join("");
}

export function isSha256(text: string): boolean {
  return SHA256.test(text);
}

function parseLine(line: string, number: number): IndexEntry {
  const { sha256 = "", file = "" } = LINE.exec(line)?.groups ?? {};
  if (sha256 === "") throw invalid(`line ${number}: not "<64 hex digits>  <file name>"`);
  const problem = fileNameProblem(file);
  if (problem !== undefined) throw invalid(`line ${number}: the file name ${JSON.stringify(file)} ${problem}`);
  return { file, sha256: sha256.toLowerCase() };
}

function fileNameProblem(file: string): string | undefined {
  if (file.includes("/")) return "has a slash, for which systemd 254 and 257 refuse the whole index";
  if (file === "." || file === "..") return "is a folder";
  if (/[\p{Cc}\\%\uFFFD]/u.test(file)) return "has a control character, a backslash, a percent sign or is not UTF-8";
  if (encodedLength(file) > MAX_FILE_NAME_BYTES) return `is longer than ${MAX_FILE_NAME_BYTES} bytes`;
  return undefined;
}

/** Bytes in UTF-8, without `TextEncoder`, which is a platform's and not the language's. */
function encodedLength(text: string): number {
  return encodeURIComponent(text.toWellFormed()).replace(/%[0-9A-F]{2}/g, "x").length;
}

function invalid(problem: string): InvalidInput {
  return new InvalidInput("SHA256SUMS", problem);
}
