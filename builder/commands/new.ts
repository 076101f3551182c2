/** `new`: writes an extension to start from, which can be baked as it is. */
import { relative } from "node:path";
import type { Command, OptionValues } from "commander";
import { placeOf, scaffold } from "../new/scaffold.ts";
import { FIRST_VERSION, parseSpec } from "../new/spec.ts";
import { type Cli, command, type Outcome } from "./command.ts";
import { parseExtensionName } from "./options.ts";

export function newCommand(cli: Cli): Command {
  return command<[string]>(
    cli,
    "new <extension>",
    "write an extension to start from: recipe, README, files, and the plan that tests hold it against",
    async (options, name) => create(cli, parseExtensionName(name), options),
  )
    .option("--github <owner/repository>", "take the program from this project's releases (default: a script)")
    .option("--service", "add a unit that runs the program, started when the extension is merged")
    .option("--description <text>", "one line: what it is")
    .option("--homepage <url>", "where one reads about it")
    .addHelpText(
      "after",
      `
A script can be baked as it is, without network. With --github the recipe guesses what upstream calls its files.

Environment:
  BAKERY_EXTENSIONS  the folder that it is written into (default: extensions/)

Examples:
  ./bakery new hello
  ./bakery new greet --service --description "Greets whoever reads the journal"
  ./bakery new compose --github docker/compose`,
    );
}

async function create({ catalog, cwd }: Cli, name: string, options: OptionValues): Promise<Outcome> {
  const spec = parseSpec(name, options);
  const place = await placeOf(catalog.folder);
  const files = await scaffold(spec, place);
  const next = [
    ...(spec.repository === undefined ? [] : [`./bakery list ${name}`]),
    `./bakery plan ${name} ${FIRST_VERSION}`,
    ...(spec.repository === undefined ? [`./bakery create ${name} ${FIRST_VERSION}`] : []),
    ...(place.plans === undefined ? [] : ["npm run docs", "npm test -- test/builder/extensions.test.ts -u"]),
  ];
  const text = [...files.map((file) => relative(cwd, file)), "", "Try next:", ...next.map((line) => `  ${line}`)];
  return { value: { extension: name, version: FIRST_VERSION, files }, text: `${text.join("\n")}\n` };
}
