/** `create`: bakes one image, and writes what goes with it. Options are the reference's, with its defaults. */
import { stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type Command, Option, type OptionValues } from "commander";
import { releaseName } from "../../schema/index.ts";
import { bake } from "../bake/bake.ts";
import { CHECKS } from "../bake/checks/check.ts";
import { kitchenFrom } from "../bake/kitchen.ts";
import { FORMATS } from "../bake/pack/packer.ts";
import { planBake } from "../bake/plan.ts";
import {
  describeRelease,
  manifestFor,
  readManifest,
  renderTransfers,
  sameTransfers,
  writeChecksum,
  writeManifest,
  writeTransfers,
} from "../bake/release.ts";
import { bakedBefore } from "../bake/unchanged.ts";
import { sourceCommit } from "../system/commit.ts";
import { UsageError } from "../system/errors.ts";
import { chosenBy, withChoices } from "./choices.ts";
import { type Cli, command, type Outcome } from "./command.ts";
import { hostingOf } from "./hosting.ts";
import {
  COMPRESSION_OPTION,
  DEFAULT_BAKERY_URL,
  FORMATS_HELP,
  parseAllowance,
  parseArch,
  parseBoolean,
  parseEpoch,
  parseExtensionName,
  parseExtFsSize,
  parseVersion,
} from "./options.ts";

const ID_WIDTH = Math.max(...CHECKS.map(({ id }) => id.length));

export function createCommand(cli: Cli): Command {
  const made = command<[string, string]>(
    cli,
    "create <extension> <version>",
    "bake an image: downloads are verified, the result is checked, and appears when it is complete",
    async (options, extension, version) => create(cli, extension, parseVersion(version), options),
  );
  return withChoices(made, cli)
    .option("--arch <arch>", "x86-64 or arm64", parseArch, "x86-64")
    .option("--output-file <path>", "the image's file; .raw is added (default: the name)")
    .option(
      "--name <name>",
      "what the image is called inside, and its index and transfer file (default: the extension's)",
    )
    .option("--os <id>", "the ID= of hosts that may merge it", "_any")
    .option(
      "--force-reload [true|false]",
      "make systemd reload units on merge (default: as the recipe says)",
      parseBoolean,
    )
    .option("--sysupdate [true|false]", "also write the transfer files for systemd-sysupdate", parseBoolean, false)
    .option("--verify [true|false]", "transfer files demand a signed index (default: if a key is set)", parseBoolean)
    .addOption(new Option("--format <format>", "the image's file system").choices(FORMATS).default("squashfs"))
    .option("--compression <name[:level]>", COMPRESSION_OPTION)
    .option("--ext-fs-size <size>", "what an ext2 or ext4 image may need before it is shrunk", parseExtFsSize, "1G")
    .option("--epoch <seconds>", "every time in the image", parseEpoch, 0)
    .option("--offline", "ask nothing of the network: bake from what was downloaded before", false)
    .option("--allow <check>=<reason>", "let pass what a check refuses; the manifest says why", parseAllowance)
    .addHelpText(
      "after",
      `
Writes, beside the image: SHA256SUMS.<name>, <name>.release.json and, with --sysupdate, <name>.conf.

${FORMATS_HELP}

Checks, which --allow names; it may be given several times:
${CHECKS.map(({ id, refuses }) => `  ${id.padEnd(ID_WIDTH)}  ${refuses}`).join("\n")}

Environment:
  BAKERY_URL       the bakery that transfer files name (default: ${DEFAULT_BAKERY_URL})
  BAKERY_SIGNING_KEY, BAKERY_KEYRING: one of them set means --verify
  BAKERY_CACHE     where downloads are kept (default: ~/.cache/sysext-bakery)
  BAKERY_MIRROR    asks http://mirror/host/path for every https://host/path
  GITHUB_API_URL   GitHub's API; GITHUB_TOKEN raises its rate limit

./bakery create <extension> --help also shows what that extension lets choose.

Examples:
  ./bakery create workerd 1.20261102.1
  ./bakery create kubernetes v1.32.2 --bundle cni=v1.6.2
  ./bakery create workerd 1.20261102.1 --arch arm64 --output-file workerd-1.20261102.1-arm64 --sysupdate`,
    );
}

async function create(cli: Cli, name: string, version: string, options: OptionValues): Promise<Outcome> {
  const extension = await cli.catalog.load(name);
  const kitchen = {
    ...cli,
    ...kitchenFrom(cli.env, { progress: cli.progress, signal: cli.signal, offline: options.offline }),
    allowances: options.allow,
  };
  const plan = await planBake(extension, {
    ...(await chosenBy(kitchen, extension, version, options)),
    version,
    arch: options.arch,
    name: parseExtensionName(options.name ?? name),
    os: parseOs(options.os),
    format: options.format,
    compression: options.compression,
    extFsSize: options.extFsSize,
    reload: options.forceReload,
    epoch: options.epoch,
  });
  const file = outputFile(cli.cwd, options.outputFile ?? "", plan.extension);
  const folder = dirname(file);
  await checkFolder(folder);
  const manifestFile = join(folder, `${plan.extension}.release.json`);
  const said = await readManifest(manifestFile);
  const kept =
    said && releaseName(said) === releaseName(plan) ? await bakedBefore(plan, file, said, kitchen) : undefined;
  const before = kept ? said : await manifestFor(plan, manifestFile, folder);

  if (kept) cli.progress.note(`unchanged: these inputs have made ${relative(cli.cwd, file)} before`);
  const [baked, commit] = await Promise.all([kept ?? bake(plan, file, kitchen), sourceCommit(extension.folder)]);
  const transfers = renderTransfers(plan, hostingOf(cli.env, options.verify));
  const checksum = await writeChecksum(folder, plan, basename(file), baked.image.sha256);
  const confs = options.sysupdate ? await writeTransfers(folder, transfers) : [];
  const circumstances = { builtAt: cli.now(), commit };
  // What made the image then is what is said of it, also where this run would say it otherwise.
  if (kept === undefined || said === undefined || !sameTransfers(said, transfers))
    await writeManifest(manifestFile, describeRelease(plan, baked, transfers, circumstances, before));

  const { size, sha256, inputsDigest } = baked.image;
  const value = {
    release: releaseName(plan),
    arch: plan.arch,
    image: file,
    size,
    sha256,
    inputsDigest,
    checksum,
    manifest: manifestFile,
    transfers: confs,
    warnings: baked.warnings,
  };
  return { value, text: `${relative(cli.cwd, file)}\n` };
}

/** os-release(5): an identifier without anything that would need quotes. */
function parseOs(os: string): string {
  if (!/^[a-z0-9._-]+$/.test(os)) throw new UsageError(`--os ${os} is no ID= of an os-release`);
  return os;
}

/** @param given a file, or a folder with a slash at the end; empty: in the current folder */
function outputFile(cwd: string, given: string, name: string): string {
  const path = given === "" || given.endsWith("/") ? `${given}${name}` : given;
  return resolve(cwd, `${path.replace(/\.raw$/, "")}.raw`);
}

/** Before anything is downloaded: a folder that is not there is mostly a slip of the pen. */
async function checkFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new UsageError(`no such folder: ${path}`, { hint: "make it first, or see --output-file" });
}
