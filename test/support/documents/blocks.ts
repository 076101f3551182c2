/** The fenced blocks of documents: what readers copy. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const DOCS = fileURLToPath(new URL("../../../docs", import.meta.url));
/** The bakery of the documents; that of docs/start-here.md is on the reader's own machine. */
const BAKERIES = ["https://extensions.example.org", "http://127.0.0.1:8787"];
/** Pages that people follow. Of the others, docs/reference.md is written by the code, docs/formats.md by its benches. */
export const BLOCK_PAGES = [
  "start-here.md",
  "use-an-extension.md",
  "host-a-bakery.md",
  "trust.md",
  "add-an-extension.md",
  "move-from-the-reference.md",
  "operate.md",
];
const FENCE = /^(?<indent> *)```(?<language>\w*)\n(?<text>[\s\S]*?)^\k<indent>```$/gm;

export interface Block {
  readonly page: string;
  /** Of the fence; mostly none. */
  readonly language: string;
  /** As it stands, without the fence's own indentation. */
  readonly text: string;
  /** By which tests name it. */
  readonly firstLine: string;
}

/** @param page as `start-here.md` */
export async function blocksOf(page: string): Promise<Block[]> {
  return [...(await pageText(page)).matchAll(FENCE)].map(({ groups }) => {
    const { indent = "", language = "", text: indented = "" } = groups ?? {};
    const text = indented.replaceAll(new RegExp(`^${indent}`, "gm"), "");
    return { page, language, text, firstLine: text.split("\n")[0] ?? "" };
  });
}

export function pageText(page: string): Promise<string> {
  return readFile(join(DOCS, page), "utf8");
}

/** Of the table below a heading, what there is to do, and the commands that do it. */
export async function commandsBelow(page: string, heading: string): Promise<Map<string, string>> {
  const [, section = ""] = (await pageText(page)).split(`\n## ${heading}\n`);
  const [own = ""] = section.split("\n## ");
  return new Map(
    [...own.matchAll(/^\| ([^|`]+) \| (`.*)\|$/gm)].map(([, what = "", commands = ""]) => [
      what,
      // What comes after a colon is about them.
      [...commands.replace(/: .*/, "").matchAll(/`([^`]*)`/g)].map(([, command]) => `${command}\n`).join(""),
    ]),
  );
}

/** What is said with another address for the bakery, which is all that a reader has to change. */
export function atBakery(text: string, url: string): string {
  return BAKERIES.reduce((changed, bakery) => changed.replaceAll(bakery, url), text);
}
