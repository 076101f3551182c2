/** `plan`: what an image would be made of, without fetching any of it. */
import { type Command, Option } from "commander";
import { describePlan } from "../bake/describe-plan.ts";
import { inputsOf } from "../bake/inputs.ts";
import { FORMATS } from "../bake/pack/packer.ts";
import { planBake } from "../bake/plan.ts";
import { chosenBy, withChoices } from "./choices.ts";
import { type Cli, command } from "./command.ts";
import { COMPRESSION_OPTION, FORMATS_HELP, parseArch, parseExtFsSize, parseVersion } from "./options.ts";

export function planCommand(cli: Cli): Command {
  const made = command<[string, string]>(
    cli,
    "plan <extension> <version>",
    "show what an image would be made of and how it would be verified; fetches nothing",
    async ({ arch, format, compression, extFsSize, resolve, ...given }, name, operand) => {
      const version = parseVersion(operand);
      const extension = await cli.catalog.load(name);
      const plan = await planBake(extension, {
        ...(await chosenBy(cli, extension, version, given)),
        version,
        arch,
        format,
        compression,
        extFsSize,
      });
      const { folder, transfers, ...shown } = plan;
      // What a tree consists of, only the network knows.
      const isKnown = resolve || plan.builds.every(({ kind }) => kind === "code");
      const inputs = isKnown ? await inputsOf(plan, cli.rootfs) : undefined;
      const value = { ...shown, ...(inputs && { inputsDigest: inputs.digest }) };
      return { value, text: describePlan(plan, inputs) };
    },
  );
  return withChoices(made, cli)
    .option("--arch <arch>", "x86-64 or arm64", parseArch, "x86-64")
    .addOption(new Option("--format <format>", "the image's file system").choices(FORMATS).default("squashfs"))
    .option("--compression <name[:level]>", COMPRESSION_OPTION)
    .option("--ext-fs-size <size>", "what an ext2 or ext4 image may need before it is shrunk", parseExtFsSize, "1G")
    .option("--resolve", "ask which packages and images it would be built with today", false)
    .addHelpText("after", `\n${FORMATS_HELP}\n\nExample:\n  ./bakery plan docker-compose 2.34.0 --arch arm64`);
}
