/** `publish`: puts a release that was baked where machines can install it from. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { releaseName } from "../../schema/index.ts";
import { DirectoryPublisher } from "../publish/directory.ts";
import { openRelease } from "../publish/publisher.ts";
import { UsageError } from "../system/errors.ts";
import { type Cli, command } from "./command.ts";

export function publishCommand(cli: Cli): Command {
  return command<[string]>(
    cli,
    "publish <release>",
    "publish a release: a *.release.json, or a folder with a release.json; a second time does nothing",
    async ({ to }, path) => {
      if (/^[a-z]+:/.test(to)) throw new UsageError(`cannot publish to ${to}`, { hint: "--to takes a folder" });
      const release = await openRelease(resolve(cli.cwd, path));
      const name = releaseName(release.manifest);
      const folder = resolve(cli.cwd, to);
      const { written } = await new DirectoryPublisher(folder).publish(release);
      const text =
        written.length === 0
          ? `${name} is published already; nothing to do\n`
          : written.map((file) => `${file}\n`).join("");
      return { value: { release: name, folder, written }, text };
    },
  )
    .requiredOption("--to <folder>", "a folder that a web server hosts; files lie at their public paths")
    .addHelpText("after", "\nExample:\n  ./bakery publish workerd.release.json --to /srv/www");
}
