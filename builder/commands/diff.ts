/** `diff`: what differs between two images. */
import type { Command } from "commander";
import { compare } from "../diff/compare.ts";
import { describeDifference } from "../diff/describe-difference.ts";
import { withImage } from "../image/open-image.ts";
import { type Cli, command } from "./command.ts";

export function diffCommand(cli: Cli): Command {
  return command<[string, string]>(
    cli,
    "diff <a> <b>",
    "show what differs between two images: metadata, entries by content and mode, and the lines of texts",
    async ({ stat }, a, b) =>
      withImage(a, cli, (before) =>
        withImage(b, cli, async (after) => {
          const value = await compare({ before, after }, { texts: !stat });
          return { value, text: describeDifference(value) };
        }),
      ),
  )
    .option("--stat", "leave out the lines of texts", false)
    .addHelpText(
      "after",
      `
Images are files or http(s) URLs, and may be of different formats. Times do not count. The exit code is 0 whether or
not they differ: see "added", "removed", "changed" and "metadata" of --json.

Examples:
  ./bakery diff workerd-1.20261102.1-arm64.raw workerd-1.20261103.0-arm64.raw
  ./bakery diff https://extensions.example.org/extensions/workerd/workerd-1.20261102.1-arm64.raw workerd.raw --stat`,
    );
}
