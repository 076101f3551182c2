/** `flix`: programs of a distribution's tree with their libraries, made to run on any host. Arguments are the reference's. */
import { resolve } from "node:path";
import type { Command, OptionValues } from "commander";
import { homeOf } from "../wrap/entry-paths.ts";
import { flix } from "../wrap/flix.ts";
import { writeResultFolder } from "../wrap/result-folder.ts";
import { type Cli, command, type Outcome } from "./command.ts";
import { parseArch } from "./options.ts";

export function flixCommand(cli: Cli): Command {
  return command<[string, string, string[]]>(
    cli,
    "flix <folder> <name> <paths...>",
    "copy programs of a distribution's tree with their libraries, patched to run on any host",
    async (options, folder, name, paths) => perform(cli, folder, name, paths, options),
  )
    .option("--extra-libs <libraries>", "what is loaded while they run: paths in the tree, or names", parsePathList)
    .option("--arch <arch>", "refuse other machines' programs (default: the first program's)", parseArch)
    .option("--force", "replace the tree that was made before", false)
    .addHelpText(
      "after",
      `
Makes the folder <name> here, with usr/ in it: the paths, and loader and libraries in usr/local/<name>. Paths are those
in the tree; what is not below /usr says where it goes. Folders come with what is in them, symlinks with what they lead
to. Nothing of the tree is run, so it may be another arch's. Needs patchelf 0.14 or later.

Environment:
  EXTRALIBS  as --extra-libs, which wins: separated by blanks

Examples:
  ./bakery flix rootfs tilde /usr/bin/tilde /usr/lib/x86_64-linux-gnu/transcript1
  ./bakery flix rootfs sed /bin/sed:/usr/bin/sed --extra-libs "libnss_dns.so.2 /usr/lib/gconv/UTF-16.so"`,
    );
}

async function perform(
  cli: Cli,
  folder: string,
  name: string,
  paths: string[],
  options: OptionValues,
): Promise<Outcome> {
  homeOf(name);
  const extraLibraries: string[] = options.extraLibs ?? parsePathList(cli.env.EXTRALIBS ?? "");
  const output = resolve(cli.cwd, name);
  const request = {
    tree: resolve(cli.cwd, folder),
    name,
    paths,
    extraLibraries,
    arch: options.arch,
    signal: cli.signal,
  };
  const flixed = await writeResultFolder(output, { force: options.force, tree: request.tree }, (partial) =>
    cli.progress.step(
      `Copying ${name}`,
      () => flix(request, partial),
      ({ copied, arch }) => `${copied.length} things${arch === undefined ? "" : `, ${arch}`}`,
    ),
  );
  for (const warning of flixed.warnings) cli.progress.note(`warning: ${warning}`);
  return { value: { name, folder: output, ...flixed }, text: `${name}\n` };
}

/** Separated by blanks, as in the reference's variables. */
export function parsePathList(text: string): string[] {
  return text.split(/\s+/).filter((path) => path !== "");
}
