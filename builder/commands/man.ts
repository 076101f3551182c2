/** `man`: the manual page of this command line. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { describeCommandLine, type ProgramFor } from "../shell/command-line.ts";
import { manPage } from "../shell/man-page.ts";
import { type Cli, command } from "./command.ts";

const PACKAGE = new URL("../../package.json", import.meta.url);

export function manCommand(cli: Cli, programFor: ProgramFor): Command {
  return command<[]>(cli, "man", "print the manual page bakery(1), which has the help of all commands", async () => {
    const { version } = JSON.parse(await readFile(PACKAGE, "utf8")) as { version: string };
    const page = manPage(describeCommandLine(programFor), { version, date: cli.now() });
    return { value: { page }, text: page };
  }).addHelpText(
    "after",
    `
Examples:
  ./bakery man | man -l -
  ./bakery man > ~/.local/share/man/man1/bakery.1`,
  );
}
