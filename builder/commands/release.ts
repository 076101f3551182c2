/** `release`: makes releases from recipe to publication. */
import { appendFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { isExtensionName, isVersion, type Release } from "../../schema/index.ts";
import { errorValue } from "../describe-error.ts";
import { RUNNER_NAMES } from "../guest/runners.ts";
import { publisherFor } from "../publish/target.ts";
import { findMissing, type Unknown, unknownValue } from "../release/missing.ts";
import { makeReleases, type ReleaseOutcome } from "../release/release.ts";
import { summaryOf } from "../release/summary.ts";
import { UsageError, UserError } from "../system/errors.ts";
import { formatTable } from "../system/format.ts";
import { type Cli, command } from "./command.ts";
import { hostingOf } from "./hosting.ts";
import { parseCount, SIGNING_HELP } from "./options.ts";

interface Options {
  readonly missing: boolean;
  readonly all: boolean;
  readonly to?: string;
  readonly dir: string;
  readonly limit?: number;
  readonly test: boolean;
  readonly runner: string;
  readonly timeout: number;
  readonly summary?: string;
  readonly json?: boolean;
}

export function releaseCommand(cli: Cli): Command {
  return command<[string[]]>(
    cli,
    "release [releases...]",
    "bake releases for both architectures, try them in a guest, and publish them",
    async (given, operands) => {
      const options = given as unknown as Options;
      const { releases, unknown } = await wantedBy(cli, operands.map(parseRelease), options);
      const folder = resolve(cli.cwd, options.dir);
      const outcomes = await makeReleases(releases, {
        ...cli,
        kitchen: cli,
        folder,
        hosting: hostingOf(cli.env),
        publisher: options.to === undefined ? undefined : await publisherFor(options.to, cli),
        test: options.test ? { runner: options.runner, timeout: options.timeout } : undefined,
      });
      if (options.summary !== undefined) await appendFile(resolve(cli.cwd, options.summary), summaryOf(outcomes));
      return report(cli, outcomes, unknown, options);
    },
  )
    .option("--missing", "those that recipes want and --to does not have", false)
    .option("--all", "all that recipes want", false)
    .option(
      "--to <place>",
      "publish them: a bakery's URL, github:owner/repository, or a folder (default: they stay where they were baked)",
    )
    .option("--dir <folder>", "where they are baked, a folder each", "releases")
    .option("--limit <count>", "of --missing and --all, at most as many", parseCount)
    .option("--no-test", "do not try them in a guest")
    .addOption(new Option("--runner <runner>", "what the guest runs in").choices(RUNNER_NAMES).default("auto"))
    .option("--timeout <seconds>", "how long a guest may take", parseCount, 300)
    .option("--summary <file>", "append a summary in Markdown, as to $GITHUB_STEP_SUMMARY")
    .addHelpText(
      "after",
      `
One release that fails does not keep the others from being made; the exit code is 1 then. Called again, it goes on: what
the same inputs made is not baked again, and what is published is not published again.

The merge test, which needs root, is of the image for this machine's architecture.

${SIGNING_HELP}

Examples:
  ./bakery release workerd:1.20261102.1 --to /srv/www
  ./bakery release --missing --to https://extensions.example.org --summary "$GITHUB_STEP_SUMMARY"`,
    );
}

interface Wanted {
  readonly releases: readonly Release[];
  /** Extensions of which it is not known. */
  readonly unknown: readonly Unknown[];
}

async function wantedBy(cli: Cli, named: readonly Release[], { missing, all, to, limit }: Options): Promise<Wanted> {
  if ([named.length > 0, missing, all].filter(Boolean).length !== 1) {
    throw new UsageError("say which releases: <extension>:<version>, --missing or --all");
  }
  if (named.length > 0) {
    // Before the first one is baked, which may take long.
    for (const { extension } of named) await cli.catalog.load(extension);
    return { releases: named, unknown: [] };
  }
  if (missing && to === undefined) throw new UsageError("--missing says nothing without --to");
  const found = await findMissing(await cli.catalog.names(), missing ? to : undefined, cli);
  for (const { extension, version, why, next } of found.changed) {
    cli.progress.note(`${extension} ${version} stays as it is: ${why}; a revision in the recipe makes ${next}`);
  }
  return { releases: found.missing.slice(0, limit), unknown: found.unknown };
}

function report(cli: Cli, outcomes: readonly ReleaseOutcome[], unknown: readonly Unknown[], { json }: Options) {
  const releases = outcomes.map(({ error, ...outcome }) => ({
    ...outcome,
    ...(error !== undefined && { error: errorValue(error) }),
  }));
  const value = {
    releases,
    unknown: unknown.map(unknownValue),
  };
  const text =
    outcomes.length === 0
      ? "nothing to release\n"
      : formatTable([["RELEASE", "RESULT"], ...outcomes.map(({ release, result }) => [release, result])]);
  const failed = [
    ...outcomes.flatMap(({ release, error }) => (error === undefined ? [] : [[release, error.message] as const])),
    ...unknown.map(({ extension, error }) => [extension, error.message] as const),
  ];
  if (failed.length === 0) return { value, text };
  if (!json) cli.stdout.write(text);
  const count = outcomes.filter(({ result }) => result === "failed").length;
  throw new UserError(
    count > 0
      ? `${count} of ${outcomes.length} releases failed`
      : "what is to be released is not known of all extensions",
    { details: Object.fromEntries(failed), hint: "mend what they say, and call it again: it goes on", value },
  );
}

function parseRelease(text: string): Release {
  const { extension = "", version = "" } = /^(?<extension>[^:]+):(?<version>.+)$/.exec(text)?.groups ?? {};
  if (!isExtensionName(extension) || !isVersion(version)) {
    throw new UsageError(`no release: ${text}`, { hint: "it is <extension>:<version>" });
  }
  return { extension, version };
}
