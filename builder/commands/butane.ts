/** `butane`: what a machine is told at its first boot to have an extension, and to keep it up to date. */
import type { Command } from "commander";
import { butaneConfig, withNeeds } from "../butane/config.ts";
import { formatButane } from "../butane/format.ts";
import { type Cli, command } from "./command.ts";
import { DEFAULT_BAKERY_URL, parseArch, parseBakeryUrl, parseBoolean, parseVersion } from "./options.ts";

export function butaneCommand(cli: Cli): Command {
  return command<[string, string]>(
    cli,
    "butane <extension> <version>",
    "print a Butane configuration for machines that are to have an extension and to follow its bakery",
    async ({ arch, url = cli.env.BAKERY_URL || DEFAULT_BAKERY_URL, verify }, name, version) => {
      const extension = await cli.catalog.load(name);
      const all = await withNeeds(cli.catalog, { extension, version: parseVersion(version) });
      const config = butaneConfig(all, { arch, bakeryUrl: parseBakeryUrl(url), verify });
      return { value: config, text: formatButane(config) };
    },
  )
    .option("--arch <arch>", "x86-64 or arm64", parseArch, "x86-64")
    .option("--url <bakery>", `the bakery that machines follow (default: BAKERY_URL, else ${DEFAULT_BAKERY_URL})`)
    .option("--verify [true|false]", "machines demand a signed index, and get the bakery's keys", parseBoolean, false)
    .addHelpText(
      "after",
      `
Each extension's README has this for one version. Change what is yours to change, and give it to Butane:

  ./bakery butane workerd 1.20261102.1 > workerd.yaml
  butane --strict workerd.yaml > workerd.json`,
    );
}
