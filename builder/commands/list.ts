/** `list`: which extensions there are, and which versions upstream offers of one. */
import type { Command } from "commander";
import { kitchenFrom } from "../bake/kitchen.ts";
import { formatTable } from "../system/format.ts";
import { latestVersions } from "../versions/latest.ts";
import { listVersions } from "../versions/list-versions.ts";
import { type Cli, command, type Outcome } from "./command.ts";
import { parseBoolean } from "./options.ts";

export function listCommand(cli: Cli): Command {
  return command<[string | undefined]>(
    cli,
    "list [extension]",
    "list all extensions, or the versions of one that upstream offers, newest first",
    async ({ latest, plain, offline }, extension) => {
      if (extension === undefined) return listExtensions(cli, plain);
      const { env, progress, signal } = cli;
      const kitchen = offline ? kitchenFrom(env, { progress, signal, offline }) : cli;
      return listVersionsOf({ ...cli, ...kitchen }, extension, latest);
    },
  )
    .option("--latest [true|false]", "only the versions that count as latest", parseBoolean, false)
    .option("--plain [true|false]", "extensions by name alone, one a line", parseBoolean, false)
    .option("--offline", "ask nothing of the network: what upstreams listed when they were asked last", false)
    .addHelpText("after", "\nExamples:\n  ./bakery list\n  ./bakery list workerd --latest");
}

async function listExtensions({ catalog }: Cli, plain: boolean): Promise<Outcome> {
  const extensions = await catalog.all();
  const value = extensions.map(({ name, recipe: { description, homepage } }) => ({ name, description, homepage }));
  const text = plain
    ? value.map(({ name }) => `${name}\n`).join("")
    : formatTable([["EXTENSION", "WHAT IT IS"], ...value.map(({ name, description }) => [name, description])]);
  return { value, text };
}

async function listVersionsOf({ catalog, upstreams }: Cli, name: string, latest: boolean): Promise<Outcome> {
  const { recipe } = await catalog.load(name);
  const versions = latest ? await latestVersions(recipe, upstreams) : await listVersions(recipe.versions, upstreams);
  return { value: versions, text: versions.map((version) => `${version}\n`).join("") };
}
