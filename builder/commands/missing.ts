/** `missing`: which releases should be published and are not. */
import { appendFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { isExtensionName } from "../../schema/index.ts";
import { findMissing, type Missing, type Unknown, unknownValue } from "../release/missing.ts";
import { UpstreamError } from "../system/errors.ts";
import { formatTable } from "../system/format.ts";
import { type Cli, command } from "./command.ts";
import { parseCount } from "./options.ts";

const WANTED = { latest: "upstream's latest", listed: "the recipe lists it" } as const;

export function missingCommand(cli: Cli): Command {
  return command<[]>(
    cli,
    "missing",
    "list the releases that recipes want published and a bakery does not have",
    async ({ in: place, extension: wanted, limit, matrix }) => {
      // Whoever mistypes a name is told so, and not that nothing is missing.
      for (const name of wanted) await cli.catalog.load(name);
      const names: readonly string[] = wanted.length > 0 ? wanted : await cli.catalog.names();
      const { missing, changed, unknown } = await findMissing(names, place, cli);
      const [first] = unknown;
      if (first !== undefined && unknown.length === names.length)
        throw names.length === 1 ? first.error : notOne(first);
      const shown = missing.slice(0, limit);
      if (matrix !== undefined) await appendFile(resolve(cli.cwd, matrix), `matrix=${JSON.stringify(shown)}\n`);
      const value = { missing: shown, changed, unknown: unknown.map(unknownValue) };
      return { value, text: tableOf({ missing: shown, changed, unknown }) };
    },
  )
    .requiredOption("--in <place>", "a bakery's URL, github:owner/repository, or a folder")
    .option("--extension <name>", "only of this one; may be repeated", addName, [])
    .option("--limit <count>", "at most as many releases", parseCount)
    .option("--matrix <file>", "append them as `matrix=[…]`, a job's output, as to $GITHUB_OUTPUT")
    .addHelpText(
      "after",
      `
A release is missing where there is no image of it for one of the architectures. One that is there is never made anew:
where its recipe has changed, or what it bundles, that is said, and a revision in the recipe (\`revisions\`) has it
released again under a name of its own. What recipes want is what they say by
\`publish\`: versions, and \`latest\` for what counts as that upstream. An upstream that cannot be asked is reported, and
the others are listed all the same; the exit code is 1 only if none could be.

A matrix's \`include\` is what --matrix writes, and \`missing\` of --json.

Environment:
  GITHUB_TOKEN  a higher rate limit

Examples:
  ./bakery missing --in https://extensions.example.org
  ./bakery missing --in github:flatcar/sysext-bakery --extension kubernetes --json`,
    );
}

function tableOf({ missing, changed, unknown }: Missing): string {
  const rows = [
    ...missing.map(({ extension, version, arches, wanted }) => [extension, version, arches.join(" "), WANTED[wanted]]),
    ...changed.map(({ extension, version, why, next }) => [
      extension,
      version,
      "",
      `is there; ${why}: a revision in the recipe makes ${next}`,
    ]),
    ...unknown.map(({ extension, error }) => [extension, "?", "", error.message]),
  ];
  return rows.length === 0 ? "nothing is missing\n" : formatTable([["EXTENSION", "VERSION", "ARCH", "WHY"], ...rows]);
}

function notOne({ extension, error }: Unknown): UpstreamError {
  return new UpstreamError("what is missing is not known of any extension", {
    details: { [extension]: error.message, ...error.details },
    hint: error.hint ?? "see that the network can be reached from here",
    cause: error,
  });
}

function addName(name: string, before: readonly string[]): string[] {
  if (!isExtensionName(name)) throw new InvalidArgumentError("an extension's name");
  return [...before, name];
}
