/** `publish`: puts releases that were baked where machines can install them from. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { releaseName } from "../../schema/index.ts";
import { openRelease } from "../publish/publisher.ts";
import { publisherFor } from "../publish/target.ts";
import { type Cli, command } from "./command.ts";
import { SIGNING_HELP } from "./options.ts";

export function publishCommand(cli: Cli): Command {
  return command<[string]>(
    cli,
    "publish <release>",
    "publish a release: a *.release.json, or a folder with a release.json; a second time does nothing",
    async ({ to, wait }, path) => {
      const publisher = await publisherFor(to, cli, { proves: wait });
      const release = await openRelease(resolve(cli.cwd, path));
      const name = releaseName(release.manifest);
      const { written, effectiveAt } = await publisher.publish(release);
      const isLater = effectiveAt !== undefined && effectiveAt > cli.now();
      const later = isLater ? `machines see it from ${effectiveAt.toISOString()} on\n` : "";
      const text =
        written.length === 0
          ? `${name} is published already; nothing to do\n`
          : written.map((file) => `${file}\n`).join("") + later;
      return { value: { release: name, to, written, ...(isLater && { effectiveAt }) }, text };
    },
  )
    .requiredOption(
      "--to <place>",
      "a bakery's URL, github:owner/repository, or a folder that a web server hosts (files at their public paths)",
    )
    .option("--no-wait", "do not wait until machines see the release, and do not read it back")
    .addHelpText(
      "after",
      `
A bakery wants a token: BAKERY_TOKEN, or in GitHub Actions the one of the run (permissions: id-token: write). GitHub
wants GITHUB_TOKEN, in GitHub Actions with permissions: contents: write; GITHUB_API_URL says where it is.
${SIGNING_HELP}
Examples:
  ./bakery publish workerd.release.json --to /srv/www
  ./bakery publish workerd.release.json --to https://extensions.example.org
  ./bakery publish workerd.release.json --to github:acme/bakery`,
    );
}
