/** Smoke commands as data: they can be printed, and a pattern is two texts. */
import type { Recipe, RecipeContext, Smoke } from "../recipe/index.ts";

export interface SmokeCommand {
  readonly run: readonly string[];
  readonly prints?: Printed;
}

/** What a command's output must have in it. */
export type Printed = { readonly text: string } | { readonly pattern: string; readonly flags: string };

export function smokeCommands({ smoke = [] }: Recipe, context: RecipeContext): SmokeCommand[] {
  return (typeof smoke === "function" ? smoke(context) : smoke).map(smokeCommand);
}

function smokeCommand({ run, prints }: Smoke): SmokeCommand {
  if (prints === undefined) return { run };
  if (typeof prints === "string") return { run, prints: { text: prints } };
  return { run, prints: { pattern: prints.source, flags: prints.flags } };
}

export function isPrinted(prints: Printed, output: string): boolean {
  return "text" in prints ? output.includes(prints.text) : new RegExp(prints.pattern, prints.flags).test(output);
}

/** `workerd --version, prints /^workerd /` */
export function describeSmoke({ run, prints }: SmokeCommand): string {
  return prints === undefined ? commandLine(run) : `${commandLine(run)}, prints ${describePrinted(prints)}`;
}

export function describePrinted(prints: Printed): string {
  return "text" in prints ? JSON.stringify(prints.text) : `/${prints.pattern}/${prints.flags}`;
}

/** As one would type it. */
export function commandLine(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
