/**
 * What upstreams publish, as files that people read: `test/fixtures/upstreams/<extension>.txt`.
 *
 *     # A comment.
 *     https://example.org/tool-{version}-{goArch}.tar.gz
 *       checksums: star
 *       bin/tool elf
 *       share/doc/
 *       bin/t -> tool
 *       lib/tool.service = tool.service
 *     https://example.org/plugin-{unameArch} elf
 *     https://example.org/runc-version text: v1.2.5
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../fixtures/upstreams", import.meta.url));

export type ContentKind = "elf" | "lib" | "script" | "text";

export interface Member {
  readonly path: string;
  readonly kind: ContentKind | "folder" | "symlink";
  /** Of a text, instead of any. */
  readonly text?: string;
  /** Of a symlink. */
  readonly target?: string;
}

export interface Published {
  readonly pattern: string;
  /** Of what is no archive. */
  readonly file?: Member;
  readonly members: readonly Member[];
  /** How upstream writes its lines in a checksum file. */
  readonly checksums: string;
}

export function readPublished(extension: string): Published[] {
  const published: (Published & { members: Member[]; checksums: string })[] = [];
  for (const line of readFileSync(join(FOLDER, `${extension}.txt`), "utf8").split("\n")) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const last = published.at(-1);
    if (!line.startsWith(" ")) published.push({ ...headOf(line), members: [], checksums: "plain" });
    else if (last === undefined) throw new SyntaxError(`${extension}.txt: a member of nothing: ${line}`);
    else if (line.trim().startsWith("checksums: ")) last.checksums = line.trim().slice("checksums: ".length);
    else last.members.push(memberOf(line.trim()));
  }
  return published;
}

function headOf(line: string): Pick<Published, "pattern" | "file"> {
  const [pattern = "", kind, ...words] = line.trim().split(" ");
  if (kind === undefined) return { pattern };
  if (kind === "text:") return { pattern, file: { path: pattern, kind: "text", text: `${words.join(" ")}\n` } };
  return { pattern, file: { path: pattern, kind: kindOf(kind) } };
}

function memberOf(line: string): Member {
  const [, path = "", target] = /^(?<path>\S+) -> (?<target>\S+)$/.exec(line) ?? [];
  if (target !== undefined) return { path, kind: "symlink", target };
  const [, named = "", file] = /^(?<path>\S+) = (?<file>\S+)$/.exec(line) ?? [];
  if (file !== undefined) {
    return { path: named, kind: "text", text: readFileSync(join(FOLDER, "files", file), "utf8") };
  }
  if (line.endsWith("/")) return { path: line, kind: "folder" };
  const [name = "", kind = "text"] = line.split(/\s+/);
  return { path: name, kind: kindOf(kind) };
}

function kindOf(word: string): ContentKind {
  if (word === "elf" || word === "lib" || word === "script" || word === "text") return word;
  throw new SyntaxError(`no kind of content: ${word}`);
}

/** What is published at a URL, the first pattern that fits. */
export function publishedAt(
  published: readonly Published[],
  url: string,
  words: Readonly<Record<string, string>>,
): Published | undefined {
  return published.find(({ pattern }) => filled(pattern, words) === decodeURIComponent(url));
}

/** With the words of a release in it, for paths of members too. */
export function filled(pattern: string, words: Readonly<Record<string, string>>): string {
  return pattern.replace(/\{(?<word>\w+)\}/g, (all, word: string) => words[word] ?? all);
}
