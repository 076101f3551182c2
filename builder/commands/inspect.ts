/** `inspect`: what is in an image, of what it is made and where it comes from. */
import type { Command } from "commander";
import { withImage } from "../image/open-image.ts";
import { describeInspection } from "../inspect/describe-inspection.ts";
import { inspectionOf } from "../inspect/inspection.ts";
import { findProvenance } from "../inspect/provenance.ts";
import { type Cli, command } from "./command.ts";
import { parseCount } from "./options.ts";

export function inspectCommand(cli: Cli): Command {
  return command<[string]>(
    cli,
    "inspect <image>",
    "show what is in an image: metadata, units, provenance, files; needs neither root nor a mount",
    async ({ largest }, name) =>
      withImage(name, cli, async (image) => {
        const provenance = await findProvenance(image, cli.upstreams.http);
        const value = inspectionOf(image, { largest, provenance });
        return { value, text: describeInspection(value, cli.stdout) };
      }),
  )
    .option("--largest <count>", "how many of the largest files to show", parseCount, 10)
    .addHelpText(
      "after",
      `
The image is a file or an http(s) URL, of any format that ./bakery create makes. Its provenance is what the release
manifest beside it says: *.release.json in the same folder, or what the bakery has of that release.

Examples:
  ./bakery inspect workerd.raw
  ./bakery inspect https://extensions.example.org/extensions/workerd/workerd-1.20261102.1-arm64.raw --json`,
    );
}
