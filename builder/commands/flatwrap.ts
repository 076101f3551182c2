/** `flatwrap`: a whole tree, and wrappers that start programs in it as their root. Arguments are the reference's. */
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, type OptionValues } from "commander";
import { UsageError } from "../system/errors.ts";
import { formatBytes } from "../system/format.ts";
import { homeOf } from "../wrap/entry-paths.ts";
import { flatwrap } from "../wrap/flatwrap.ts";
import { DEFAULT_CHROOT, DEFAULT_HOST, type Side } from "../wrap/private-root.ts";
import { writeResultFolder } from "../wrap/result-folder.ts";
import { type Cli, command, type Outcome } from "./command.ts";
import { parsePathList } from "./flix.ts";

const SIDES = ["host", "chroot"] as const;

export function flatwrapCommand(cli: Cli): Command {
  return command<[string, string, string[]]>(
    cli,
    "flatwrap <folder> <name> <paths...>",
    "copy a distribution's tree, with wrappers that run its programs with it as their root",
    async (options, folder, name, paths) => perform(cli, folder, name, paths, options),
  )
    .option("--etc <side>", "whose /etc programs see: the host's, or the tree's (chroot)", parseSide)
    .option("--var <side>", "whose /var", parseSide)
    .option("--home <side>", "whose /home and /root", parseSide)
    .option("--chroot <folders>", `folders of the tree (default: "${DEFAULT_CHROOT.join(" ")}")`, parsePathList)
    .option("--host <folders>", `folders of the host (default: "${DEFAULT_HOST.join(" ")}")`, parsePathList)
    .option("--setuid <files>", "files of the tree that keep their setuid bit; others lose it", parsePathList, [])
    .option("--force", "replace the tree that was made before", false)
    .addHelpText(
      "after",
      `
Makes the folder <name> here, with usr/ in it: the tree in usr/local/<name>, and at each path a wrapper, or a symlink for
what is no program. A wrapper makes mounts that are its own: as root with unshare, for others with bubblewrap where it is
installed, else with user namespaces. Hosts need a shell and util-linux.

Environment:
  ETCMAP, VARMAP, HOMEMAP  as --etc, --var and --home, which win (default: host)
  CHROOT, HOST             as --chroot and --host: separated by blanks

Environment of the wrappers:
  NOBWRAP=1      do without bubblewrap
  FLATWRAP_ROOT  where the image is, if not merged into /: an absolute path

Examples:
  ./bakery flatwrap rootfs btop /usr/bin/btop
  ./bakery flatwrap rootfs nginx /usr/sbin/nginx:/usr/bin/nginx --etc chroot`,
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
  const { env, cwd, progress, signal } = cli;
  const list = (option: string[] | undefined, value: string | undefined) =>
    option ?? (value === undefined ? undefined : parsePathList(value));
  const request = {
    tree: resolve(cwd, folder),
    name,
    paths,
    etc: options.etc ?? sideOf(env, "ETCMAP"),
    var: options.var ?? sideOf(env, "VARMAP"),
    home: options.home ?? sideOf(env, "HOMEMAP"),
    chroot: list(options.chroot, env.CHROOT),
    host: list(options.host, env.HOST),
    setuid: options.setuid as string[],
    signal,
  };
  const output = resolve(cwd, name);
  const wrapped = await writeResultFolder(output, { force: options.force, tree: request.tree }, (partial) =>
    progress.step(
      `Copying ${name}`,
      () => flatwrap(request, partial),
      ({ files, size }) => `${files} files, ${formatBytes(size)}`,
    ),
  );
  for (const warning of wrapped.warnings) progress.note(`warning: ${warning}`);
  return { value: { name, folder: output, ...wrapped }, text: `${name}\n` };
}

function isSide(text: string): text is Side {
  return (SIDES as readonly string[]).includes(text);
}

function parseSide(value: string): Side {
  if (!isSide(value)) throw new InvalidArgumentError(`allowed: ${SIDES.join(", ")}`);
  return value;
}

function sideOf(env: NodeJS.ProcessEnv, variable: string): Side | undefined {
  const value = env[variable];
  if (value === undefined || value === "") return undefined;
  if (!isSide(value))
    throw new UsageError(`${variable} is ${JSON.stringify(value)}`, { hint: `allowed: ${SIDES.join(", ")}` });
  return value;
}
