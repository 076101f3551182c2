/** What a guest's console says, as text for errors. */
import { stripVTControlCharacters } from "node:util";

const LINES_SHOWN = 12;

/** Without colours and what else is for terminals. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replaceAll("\r", "");
}

/** The last lines that say something. */
export function lastLines(text: string, count = LINES_SHOWN): string {
  const lines = text.split("\n").map((line) => line.trimEnd());
  return lines
    .filter((line) => line !== "")
    .slice(-count)
    .join("\n");
}
