/** `config`: what machines are told to have extensions, and to keep them up to date. */
import type { Command } from "commander";
import {
  CHOICE_VALUES,
  type Choice,
  formatChoice,
  InvalidInput,
  makeConfiguration,
  parseChoice,
  parseChosen,
} from "../../schema/index.ts";
import { askBakery, lookUpIn } from "../configuration/known-extensions.ts";
import { httpSource } from "../doctor/source.ts";
import { UsageError } from "../system/errors.ts";
import { Http } from "../system/http.ts";
import { type Cli, command } from "./command.ts";
import { DEFAULT_BAKERY_URL, parseBakeryUrl } from "./options.ts";

/** Of the command line, by the query parameters that they are. */
const OPTIONS = ["arch", "follow", "after", "verify", "systemd", "format"] as const;

export function configCommand(cli: Cli): Command {
  return command<[string[]]>(
    cli,
    "config <extension...>",
    "print a configuration for machines that are to have extensions and to follow their bakery",
    async ({ url = cli.env.BAKERY_URL || DEFAULT_BAKERY_URL, hashes, ...given }, names) => {
      const at = new URL(parseBakeryUrl(url)).href.replace(/\/+$/, "");
      const source = hashes ? httpSource(at, new Http({ signal: cli.signal })) : undefined;
      try {
        const choice = choiceOf(names, given);
        const bakery = source === undefined ? { url: at } : await askBakery(at, source);
        const { text, installations, host } = await makeConfiguration(choice, bakery, lookUpIn(cli.catalog, source));
        for (const note of host.notes) cli.progress.note(note);
        const extensions = installations.map(({ name, version, follow, sha256 }) => ({
          name,
          version,
          follow,
          sha256,
        }));
        return { value: { extensions, query: formatChoice(choice), notes: host.notes, text }, text };
      } catch (cause) {
        if (cause instanceof InvalidInput) throw new UsageError(cause.message, { cause });
        throw cause;
      }
    },
  )
    .option("--format <format>", listed("format"))
    .option("--arch <arch>", listed("arch"))
    .option("--follow <versions>", listed("follow"))
    .option("--after <update>", listed("after"))
    .option(
      "--verify [true|false]",
      "machines demand a signed index, and get the bakery's keys (default: where it signs)",
    )
    .option("--systemd <version>", "of the machines, which decides on names and settings, such as 257 (default: any)")
    .option("--url <bakery>", `the bakery that machines follow (default: BAKERY_URL, else ${DEFAULT_BAKERY_URL})`)
    .option("--no-hashes", "do not ask the bakery: no sha256 of images, and versions have to be said")
    .addHelpText(
      "after",
      `
An extension is <name>, <name>@<version> or <name>@<minor series>; what it needs comes along. The bakery's pages have
the same choices, and each README the configuration of one version.

  ./bakery config kubernetes@v1.32.2 --no-hashes > kubernetes.yaml
  butane --strict kubernetes.yaml > kubernetes.ign
  ./bakery config docker docker-compose --url https://extensions.example.org --format ignition > docker.ign
  ./bakery config tailscale --url https://extensions.example.org --format shell --systemd 257 > tailscale.sh`,
    );
}

function choiceOf(names: readonly string[], given: Readonly<Record<string, unknown>>): Choice {
  const [first = "", ...others] = names;
  const { name, version = "" } = parseChosen(first, "extension");
  const said = OPTIONS.flatMap((option) =>
    given[option] === undefined ? [] : [[option, String(given[option])] as const],
  );
  return parseChoice(name, [["version", version], ["with", others.join(",")], ...said]);
}

/** What an option may be, its default first. */
function listed(option: keyof typeof CHOICE_VALUES): string {
  return CHOICE_VALUES[option].map(({ value, label }) => (value === label ? value : `${value}: ${label}`)).join("; ");
}
