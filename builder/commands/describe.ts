/** `describe`: tells a bakery what extensions are, as recipes and READMEs say it now. */
import type { Command } from "commander";
import { errorValue } from "../describe-error.ts";
import { describerFor } from "../publish/target.ts";
import { describeExtensions } from "../release/describe-extensions.ts";
import { publishedIn } from "../release/published.ts";
import { UsageError, UserError } from "../system/errors.ts";
import { formatTable } from "../system/format.ts";
import { type Cli, command } from "./command.ts";

const RESULTS = {
  described: "described",
  newer: "stays as it is: it was described with a newer version",
  unpublished: "nothing is published",
  failed: "failed",
} as const;

export function describeCommand(cli: Cli): Command {
  return command<[string[]]>(
    cli,
    "describe [extensions...]",
    "tell a bakery what extensions are, as recipes and READMEs say it now; every publication does that too",
    async ({ to, all, json }, named) => {
      if (all === named.length > 0) throw new UsageError("say of what: <extension>…, or --all");
      const place = describerFor(to, cli);
      const names = all ? await cli.catalog.names() : [...new Set(named)];
      const published = await publishedIn(to, { answers: cli.upstreams.answers, cwd: cli.cwd, env: cli.env });
      const outcomes = await cli.progress.step(
        "Describing",
        () => describeExtensions(names, { catalog: cli.catalog, published, place }),
        (all) => `${all.filter(({ result }) => result === "described").length} of ${names.length} extensions`,
      );
      // Of all recipes some were never released.
      const told = all ? outcomes.filter(({ result }) => result !== "unpublished") : outcomes;
      const rows = told.map(({ extension, version = "-", result }) => [extension, version, RESULTS[result]]);
      const text =
        rows.length === 0 ? "nothing is published\n" : formatTable([["EXTENSION", "VERSION", "RESULT"], ...rows]);
      const value = {
        extensions: told.map(({ error, ...rest }) => ({ ...rest, ...(error && { error: errorValue(error) }) })),
      };
      const failed = told.filter(({ result }) => result === "failed" || result === "unpublished");
      if (failed.length === 0) return { value, text };
      if (!json) cli.stdout.write(text);
      throw new UserError(`${failed.length} of ${told.length} extensions could not be described`, {
        details: Object.fromEntries(
          failed.map(({ extension, error, result }) => [extension, error?.message ?? RESULTS[result]]),
        ),
        hint: "mend what they say, and call it again",
        value,
      });
    },
  )
    .requiredOption("--to <place>", "a bakery's URL, or a folder that a web server hosts")
    .option("--all", "every extension that there is a recipe of, and that is published", false)
    .addHelpText(
      "after",
      `
What is told is the profile, extension.json: description, kind, README.md, and what a machine needs beside the image. A
bakery wants a token, as for publish. What is there already is not written again.

Examples:
  ./bakery describe kubernetes --to https://extensions.example.org
  ./bakery describe --all --to /srv/www`,
    );
}
