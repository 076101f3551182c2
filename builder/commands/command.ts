/** What every command is made of: where it runs, what it gives back, and how that is shown. */
import { Command, type OptionValues } from "commander";
import type { Kitchen } from "../bake/bake.ts";
import type { Catalog, Extension } from "../catalog.ts";
import type { Screen } from "../system/progress.ts";

/** All that a command knows of the world. */
export interface Cli extends Kitchen {
  readonly catalog: Catalog;
  /** The extensions that the command line names: commands have their recipes' options. */
  readonly named: readonly Extension[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdout: Screen;
  readonly now: () => Date;
}

/** A command's result: for programs, and for people. */
export interface Outcome {
  readonly value: unknown;
  readonly text: string;
}

/** Makes a command whose result is printed as text, or with `--json` as its value. */
export function command<Args extends readonly unknown[]>(
  cli: Cli,
  usage: string,
  description: string,
  perform: (options: OptionValues, ...args: Args) => Promise<Outcome>,
): Command {
  const made = new Command();
  const [name = "", ...operands] = usage.split(" ");
  for (const operand of operands) made.argument(operand);
  return made
    .name(name)
    .description(description)
    .option("--json", "print the result, or the error, as JSON on stdout")
    .action(async (...received: unknown[]) => {
      const options = made.opts();
      // Commander adds the options and the command itself to the operands.
      const { value, text } = await perform(options, ...(received.slice(0, operands.length) as unknown as Args));
      cli.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : text);
    });
}
