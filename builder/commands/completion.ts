/** `completion`: what a shell has to know to complete this command line. */
import type { Command } from "commander";
import { describeCommandLine, type ProgramFor } from "../shell/command-line.ts";
import { COMPLETIONS, SHELLS, type Shell } from "../shell/shells.ts";
import { type Cli, command } from "./command.ts";

export function completionCommand(cli: Cli, programFor: ProgramFor): Command {
  const made = command<[Shell]>(
    cli,
    "completion <shell>",
    "print the script that completes commands, options and extensions at a TAB",
    async (_options, shell) => {
      // A recipe that cannot be loaded has no options to complete.
      const extensions = await cli.catalog.named(await cli.catalog.names());
      const text = COMPLETIONS[shell](describeCommandLine(programFor, extensions));
      return { value: { shell, script: text }, text };
    },
  );
  made.registeredArguments[0]?.choices(SHELLS);
  return made.addHelpText(
    "after",
    `
A TAB starts no program: commands and options are those of when the script was made, extensions those beside the
program that is being completed, or in BAKERY_EXTENSIONS.

For this shell:
  source <(./bakery completion bash)
  source <(./bakery completion zsh)
  ./bakery completion fish | source

For all to come:
  ./bakery completion bash > ~/.local/share/bash-completion/completions/bakery
  ./bakery completion zsh > ~/.zfunc/_bakery
  ./bakery completion fish > ~/.config/fish/completions/bakery.fish

The first needs the package bash-completion, the second a folder that is in zsh's fpath before compinit is called.`,
  );
}
