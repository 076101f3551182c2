/** `verify-reproducible`: shows that an image depends on its inputs and on nothing of who builds it, where and when. */
import { type Command, Option } from "commander";
import { releaseName } from "../../schema/index.ts";
import { FORMATS } from "../bake/pack/packer.ts";
import { planBake } from "../bake/plan.ts";
import { buildTwice, type Reproduced } from "../reproducible/build-twice.ts";
import { formatTable } from "../system/format.ts";
import { asArguments, chosenBy, withChoices } from "./choices.ts";
import { type Cli, command } from "./command.ts";
import { COMPRESSION_OPTION, FORMATS_HELP, parseArch, parseVersion } from "./options.ts";

export function verifyReproducibleCommand(cli: Cli): Command {
  const made = command<[string, string]>(
    cli,
    "verify-reproducible <extension> <version>",
    "build an image twice, under other circumstances, and compare the bytes",
    async ({ arch, format, compression, ...said }, name, operand) => {
      const version = parseVersion(operand);
      const extension = await cli.catalog.load(name);
      const choices = await chosenBy(cli, extension, version, said);
      const plan = await planBake(extension, { ...choices, version, arch, format, compression });
      const given = compression === undefined ? [] : ["--compression", compression];
      const options = ["--arch", arch, "--format", format, ...given, ...asArguments(choices)];
      const reproduced = await buildTwice(extension, plan, { options, env: cli.env, folder: cli.cwd }, cli);
      return {
        value: { release: releaseName(plan), format, ...reproduced },
        text: describe(releaseName(plan), reproduced),
      };
    },
  );
  return withChoices(made, cli)
    .option("--arch <arch>", "x86-64 or arm64", parseArch, "x86-64")
    .addOption(new Option("--format <format>", "the image's file system").choices(FORMATS).default("squashfs"))
    .option("--compression <name[:level]>", COMPRESSION_OPTION)
    .addHelpText(
      "after",
      `
The second build runs in another folder, as another user, under another umask, locale and time zone, on one processor,
at another time, without a network, from files made in another order. What this machine cannot vary is said, and why.
Two images that differ are kept in the current folder, and the exit code is 1.

${FORMATS_HELP}

Example:
  ./bakery verify-reproducible workerd 1.20261102.1 --format erofs`,
    );
}

function describe(release: string, { arch, sha256, varied, unvaried }: Reproduced): string {
  return formatTable([
    ["release", release],
    ["arch", arch],
    ["sha256", sha256],
    ["varied", varied.join(", ")],
    ...unvaried.map(({ name, why }) => ["not varied", `${name}: ${why}`]),
  ]);
}
