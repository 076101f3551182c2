/** What whoever bakes may choose of an extension: versions of what it bundles, and the options of its recipe. */
import { type Command, InvalidArgumentError, Option, type OptionValues } from "commander";
import type { Chosen } from "../bake/context.ts";
import type { Extension } from "../catalog.ts";
import type { Recipe } from "../recipe/index.ts";
import { UsageError } from "../system/errors.ts";
import { resolveBundled } from "../versions/bundled.ts";
import type { Cli } from "./command.ts";

export interface Choices {
  readonly bundled: Chosen;
  readonly options: Chosen;
}

/** Adds the options that the recipes have which the command line names. */
export function withChoices(command: Command, { named }: Cli): Command {
  command.option("--bundle <name>=<version>", "which version of bundled software goes in", parseBundle);
  const known = new Set<string>();
  for (const { recipe } of named) {
    for (const { flag, help, values = [] } of flagsOf(recipe)) {
      if (known.has(flag)) continue;
      known.add(flag);
      const option = new Option(`--${flag} <value>`, help);
      // For help and completion; what may be said is for the recipe to judge, which knows the extension.
      if (values.length > 0) option.choices(values).argParser((value) => value);
      command.addOption(option);
    }
  }
  return command;
}

/** @throws UsageError for one that is said twice; and what `resolveBundled` throws */
export async function chosenBy(
  { upstreams }: Pick<Cli, "upstreams">,
  { recipe }: Extension,
  version: string,
  given: OptionValues,
): Promise<Choices> {
  const bundled: Record<string, string> = { ...given.bundle };
  for (const [name, { option }] of Object.entries(recipe.bundled ?? {})) {
    const value = option === undefined ? undefined : saidOf(option, given);
    if (value === undefined) continue;
    if (bundled[name] !== undefined) throw new UsageError(`--${option} and --bundle ${name}=… say the same`);
    bundled[name] = value;
  }
  const names = Object.keys(recipe.options ?? {});
  const said = names.flatMap((name) => {
    const value = saidOf(name, given);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    bundled: await resolveBundled(recipe, { version, given: bundled }, upstreams),
    options: Object.fromEntries(said),
  };
}

/** As they are given on the command line, so that another run chooses the same. */
export function asArguments({ bundled, options }: Choices): string[] {
  const bundles = Object.entries(bundled).flatMap(([name, version]) => ["--bundle", `${name}=${version}`]);
  return [...bundles, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])];
}

interface Flag {
  readonly flag: string;
  readonly help: string;
  readonly values?: readonly string[];
}

function flagsOf({ bundled = {}, options = {} }: Recipe): Flag[] {
  const bundles = Object.entries(bundled).flatMap(([name, { option }]) =>
    option === undefined ? [] : [{ flag: option, help: `as --bundle ${name}=<value>` }],
  );
  const own = Object.entries(options).map(([flag, { help, values }]) =>
    values instanceof RegExp ? { flag, help } : { flag, help, values },
  );
  return [...bundles, ...own];
}

/** Added to those before it. */
function parseBundle(value: string, before: Chosen = {}): Chosen {
  const { name, version } = /^(?<name>[a-z0-9-]+)=(?<version>\S+)$/.exec(value)?.groups ?? {};
  if (name === undefined || version === undefined) throw new InvalidArgumentError("<name>=<version>, cni=v1.6.2");
  if (before[name] !== undefined) throw new InvalidArgumentError(`${name} is said twice`);
  return { ...before, [name]: version };
}

/** What was said of an option, as commander names it. */
function saidOf(flag: string, given: OptionValues): string | undefined {
  return given[new Option(`--${flag}`).attributeName()];
}
