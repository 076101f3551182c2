/** The shells whose completions are known. */
import { bashCompletion } from "./bash-completion.ts";
import type { CommandLine } from "./command-line.ts";
import { fishCompletion } from "./fish-completion.ts";
import { zshCompletion } from "./zsh-completion.ts";

export const COMPLETIONS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
} as const satisfies Record<string, (line: CommandLine) => string>;

export type Shell = keyof typeof COMPLETIONS;

export const SHELLS = Object.keys(COMPLETIONS) as Shell[];
