/** `reindex`: puts the indexes that follow from what is published, of one extension or of all. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { DirectoryPublisher } from "../publish/directory/publisher.ts";
import { reindexAll } from "../publish/reindex-all.ts";
import { bakeryPublisher, githubPublisher, githubRepository, isUrl, signingPolicy } from "../publish/target.ts";
import { UsageError, UserError } from "../system/errors.ts";
import { type Cli, command, type Outcome } from "./command.ts";
import { checkName, indexAnew, UNCHANGED } from "./maintain.ts";
import { SIGNING_HELP } from "./options.ts";

interface Options {
  readonly to: string;
  readonly signAll: boolean;
  readonly all: boolean;
  readonly due: boolean;
}

export function reindexCommand(cli: Cli): Command {
  return command<[string | undefined]>(
    cli,
    "reindex [extension]",
    "put the indexes that follow from what is published: after a crash, with another key, before they run out",
    async (given, name) => {
      const options = given as unknown as Options;
      const { to, signAll, all, due } = options;
      if ([name !== undefined, all, due].filter(Boolean).length !== 1) {
        throw new UsageError("say of what: <extension>, --all or --due");
      }
      if (name === undefined) return allAnew(cli, options);
      const extension = checkName(name);
      const repository = githubRepository(to);
      if (repository === undefined && isUrl(to)) return indexAnew(cli, to, extension, {}, signAll);
      const policy = await signingPolicy(cli, { signsAll: signAll });
      const publisher =
        repository === undefined
          ? new DirectoryPublisher(resolve(cli.cwd, to), policy)
          : githubPublisher(repository, cli, policy);
      const changed = await publisher.reindex(extension);
      return { value: { changed }, text: changed.map((path) => `${path}\n`).join("") || UNCHANGED };
    },
  )
    .requiredOption("--to <place>", "the bakery's URL, github:owner/repository, or a folder")
    .option("--all", "of every extension that the global index has, signed anew with one date", false)
    .option(
      "--due",
      "as --all, once half of the time of signed indexes is over; before that it asks one question",
      false,
    )
    .option("--sign-all", "sign what the bakery says is published, whoever has signed it before", false)
    .addHelpText(
      "after",
      `
A bakery writes its records of all extensions too, catalogue and feeds, where it is older than these or has lost them.
On GitHub the metadata of an extension is made from all of its releases, whatever it says, and has no date; GITHUB_TOKEN
as for publish.
${SIGNING_HELP}

Each night: ./bakery reindex --due --to https://extensions.example.org`,
    );
}

async function allAnew(cli: Cli, { to, signAll, due }: Options): Promise<Outcome> {
  if (githubRepository(to) !== undefined) {
    throw new UsageError("releases on GitHub have indexes without a date", { hint: "./bakery reindex <extension>" });
  }
  const policy = await signingPolicy(cli, { signsAll: signAll, renews: true });
  if (due && policy === undefined) {
    throw new UsageError("--due signs indexes, and there is no key", { hint: "set BAKERY_SIGNING_KEY" });
  }
  const keeper = isUrl(to)
    ? bakeryPublisher(to, cli, { policy })
    : new DirectoryPublisher(resolve(cli.cwd, to), policy);
  const { bestBefore: wanted } = policy ?? {};
  const { progress } = cli;
  const { extensions, changed, bestBefore, failed } = await reindexAll(keeper, {
    bestBefore: wanted,
    onlyIfDue: due,
    progress,
  });
  const value = { changed, bestBefore: changed.length === 0 ? bestBefore : wanted?.day };
  if (failed.size > 0) {
    throw new UserError(`the indexes of ${failed.size} of ${extensions.length} extensions could not be put`, {
      details: Object.fromEntries([...failed].map(([name, { message }]) => [name, message])),
      hint: bestBefore
        ? `machines refuse indexes from ${bestBefore} on: mend it, and call it again`
        : "mend it, and call it again",
      value,
    });
  }
  const until = value.bestBefore === undefined ? "" : `good until ${value.bestBefore}\n`;
  return { value, text: (changed.map((index) => `${index}\n`).join("") || UNCHANGED) + until };
}
