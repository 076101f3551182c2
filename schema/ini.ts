/**
 * systemd's dialect of INI, as unit and transfer files are written in it. Keeps order and repeated keys, for in
 * systemd both mean something.
 *
 * systemd.syntax(7)
 */
import { InvalidInput } from "./invalid-input.ts";

export interface IniEntry {
  readonly key: string;
  readonly value: string;
}

export interface IniSection {
  readonly name: string;
  readonly entries: readonly IniEntry[];
}

const SECTION = /^\[(?<name>[^[\]\n\r]+)\]$/;
const KEY = /^[^=\s[#;]+$/;
/** A backslash that no other one before it takes the meaning of. */
const CONTINUES = /(?<!\\)(?:\\\\)*\\$/;
const ENTRY = /^(?<key>[^=\s[][^=]*?)\s*=\s*(?<value>.*)$/s;

/**
 * @param what what the text is, for the error
 * @throws InvalidInput naming the line
 */
export function parseIni(text: string, what: string): IniSection[] {
  const sections: { name: string; entries: IniEntry[] }[] = [];
  for (const { number, line } of logicalLines(text)) {
    const section = SECTION.exec(line)?.groups?.name;
    if (section !== undefined) {
      sections.push({ name: section, entries: [] });
      continue;
    }
    const { key, value } = ENTRY.exec(line)?.groups ?? {};
    if (key === undefined || value === undefined) {
      throw new InvalidInput(what, `line ${number}: neither "[Section]" nor "Key=value"`);
    }
    const current = sections.at(-1);
    if (current === undefined) throw new InvalidInput(what, `line ${number}: ${key}= stands before any section`);
    current.entries.push({ key, value });
  }
  return sections;
}

/** @throws InvalidInput for what would be read as something else, as a value with a line break */
export function formatIni(sections: readonly IniSection[]): string {
  return sections
    .map(({ name, entries }) => {
      if (!SECTION.test(`[${name}]`)) throw new InvalidInput(`[${name}]`, "not the name of a section");
      const lines = entries.map(({ key, value }) => {
        if (!KEY.test(key)) throw new InvalidInput(`${key}=`, "not the name of a setting");
        if (/[\n\r]|\\\s*$/.test(value)) throw new InvalidInput(`${key}=`, "has a line break or ends in a backslash");
        return `${key}=${value}\n`;
      });
      return `[${name}]\n${lines.join("")}`;
    })
    .join("\n");
}

/** Joins continued lines (a backslash at the end stands for a space) and drops blank lines and comments. */
function* logicalLines(text: string): Generator<{ number: number; line: string }> {
  let begun: { number: number; line: string } | undefined;
  for (const [at, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    // Comments are dropped in the middle of a continued line too.
    if (/^[#;]/.test(line)) continue;
    if (begun === undefined && line === "") continue;

    const continues = CONTINUES.test(line);
    const piece = continues ? `${line.slice(0, -1)} ` : line;
    begun = { number: begun?.number ?? at + 1, line: (begun?.line ?? "") + piece };
    if (continues) continue;
    yield { ...begun, line: begun.line.trim() };
    begun = undefined;
  }
  if (begun !== undefined) yield { ...begun, line: begun.line.trim() };
}
