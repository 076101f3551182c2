/** `rootfs`: a distribution's tree in a folder, of Debian's packages or a container image, without Docker. */
import { relative, resolve } from "node:path";
import type { Command, OptionValues } from "commander";
import { debianRootfs, ociRootfs, type Rootfs, unverified } from "../recipe/index.ts";
import { runIn } from "../rootfs/enter.ts";
import { removeTree } from "../rootfs/remove-tree.ts";
import { UsageError } from "../system/errors.ts";
import { formatBytes } from "../system/format.ts";
import { type Cli, command, type Outcome } from "./command.ts";
import { parseArch } from "./options.ts";

export function rootfsCommand(cli: Cli): Command {
  return command<[string]>(
    cli,
    "rootfs <folder>",
    "make a distribution's tree of Debian's packages or a container image; needs no Docker",
    async (options, folder) => perform(cli, folder, options),
  )
    .option("--debian <suite>", "of packages of this suite, whose signatures apt checks")
    .option("--package <name[=version]>", "with this package and what it needs; may be given several times", collect)
    .option("--installed", "configure the packages, so that programs run in the tree", false)
    .option("--image <reference>", "of a container image, straight from its registry")
    .option("--arch <arch>", "x86-64 or arm64", parseArch, "x86-64")
    .option("--run <script>", "run this in the tree with sh, as root there and with network; implies --installed")
    .addHelpText(
      "after",
      `
The folder must not be there yet, or be empty. Nothing of this machine is changed: apt works with lists, packages and
settings of its own, kept in the download cache. As a user, --installed needs ranges in /etc/subuid and /etc/subgid; the
tree then has files of these. Programs of another architecture run where binfmt_misc is set up for qemu.

Environment:
  BAKERY_CACHE       where packages and layers are kept (default: ~/.cache/sysext-bakery)
  DOCKER_CONFIG, REGISTRY_AUTH_FILE: where credentials for registries are

Examples:
  ./bakery rootfs tree --debian trixie --package tilde --arch arm64
  ./bakery rootfs tree --image docker.io/library/alpine:3.21 --run "apk add btop"`,
    );
}

async function perform(cli: Cli, name: string, options: OptionValues): Promise<Outcome> {
  const folder = resolve(cli.cwd, name);
  const { arch, run } = options;
  const rootfs = rootfsOf(options);
  const isRun = options.installed || run !== undefined;
  const resolved = await cli.rootfs.resolve(rootfs, { arch, runs: isRun });
  const bytes = resolved.downloads.reduce((sum, { size }) => sum + size, 0);
  await cli.progress.step(
    `Making ${relative(cli.cwd, folder)}`,
    () => resolved.make(folder, cli.signal),
    () => `${resolved.downloads.length} downloads, ${formatBytes(bytes)}`,
  );
  if (run !== undefined) {
    try {
      const onOutput = (piece: Buffer) => cli.progress.note(piece.toString().trimEnd());
      await runIn(folder, ["sh", "-c", run], { arch, env: resolved.env, network: true, signal: cli.signal, onOutput });
    } catch (error) {
      // Half of what was asked for would pass for all of it.
      await removeTree(folder);
      throw error;
    }
  }
  const value = { folder, arch, downloads: resolved.downloads };
  return { value, text: `${relative(cli.cwd, folder)}\n` };
}

function rootfsOf({ debian, image, package: packages = [] }: OptionValues): Rootfs {
  if ((debian === undefined) === (image === undefined)) throw new UsageError("name either --debian or --image");
  if (debian !== undefined) return debianRootfs({ suite: debian, packages });
  if (packages.length > 0) throw new UsageError("--package goes with --debian: --run may install more into an image");
  return ociRootfs(image, unverified("named on the command line"));
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
