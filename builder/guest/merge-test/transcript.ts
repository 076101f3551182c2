/** What the guest's script printed: the output of each step, between two marks. */

/** What came of one step in the guest. */
export interface StepRun {
  readonly exitCode: number;
  readonly seconds: number;
  /** Lines of both its streams. */
  readonly output: readonly string[];
}

/** @returns by the step's id; a step that did not come to its end is not there */
export function parseTranscript(stdout: string, mark: string): ReadonlyMap<string, StepRun> {
  const runs = new Map<string, StepRun>();
  let output: string[] = [];
  for (const line of stdout.split("\n")) {
    const found = parseMark(line, mark);
    if (found === undefined) output.push(line);
    if (found?.kind === "begin") output = [];
    if (found?.kind === "end") runs.set(found.id, { ...found, output: withoutEmptyEnd(output) });
  }
  return runs;
}

export type Mark =
  | { readonly kind: "begin"; readonly id: string }
  | { readonly kind: "end"; readonly id: string; readonly exitCode: number; readonly seconds: number };

/** Of a line of the script's output, or of the console. A step's output may end in the middle of the line. */
export function parseMark(line: string, mark: string): Mark | undefined {
  const at = line.indexOf(`${mark} `);
  if (at < 0) return undefined;
  const [kind, id = "", exitCode, milliseconds] = line.slice(at + mark.length + 1).split(" ");
  if (kind === "begin") return { kind, id };
  return kind === "end" ? { kind, id, exitCode: Number(exitCode), seconds: Number(milliseconds) / 1_000 } : undefined;
}

function withoutEmptyEnd(lines: readonly string[]): string[] {
  return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
}
