/** `plan`: what an image would be made of, without fetching any of it. */
import { type Command, Option } from "commander";
import { digestOf } from "../bake/bake.ts";
import { FORMATS } from "../bake/pack/packer.ts";
import { type Plan, planBake } from "../bake/plan.ts";
import type { Download, Install, TreeEntry, Verification } from "../recipe/index.ts";
import { formatTable } from "../system/format.ts";
import { type Cli, command } from "./command.ts";
import { COMPRESSION_OPTION, FORMATS_HELP, parseArch, parseExtFsSize, parseVersion } from "./options.ts";

export function planCommand(cli: Cli): Command {
  return command<[string, string]>(
    cli,
    "plan <extension> <version>",
    "show what an image would be made of and how it would be verified; fetches nothing",
    async ({ arch, format, compression, extFsSize }, name, version) => {
      const plan = await planBake(await cli.catalog.load(name), {
        version: parseVersion(version),
        arch,
        format,
        compression,
        extFsSize,
      });
      const { filesFolder, transfers, ...shown } = plan;
      const value = { ...shown, inputsDigest: await digestOf(plan) };
      return { value, text: describe(plan, value.inputsDigest) };
    },
  )
    .option("--arch <arch>", "x86-64 or arm64", parseArch, "x86-64")
    .addOption(new Option("--format <format>", "the image's file system").choices(FORMATS).default("squashfs"))
    .option("--compression <name[:level]>", COMPRESSION_OPTION)
    .option("--ext-fs-size <size>", "what an ext2 or ext4 image may need before it is shrunk", parseExtFsSize, "1G")
    .addHelpText("after", `\n${FORMATS_HELP}\n\nExample:\n  ./bakery plan docker-compose 2.34.0 --arch arm64`);
}

function describe(plan: Plan, digest: string): string {
  const rows = [
    ["extension", plan.extension],
    ["version", plan.version],
    ["arch", plan.arch],
    ["format", `${plan.format}, ${plan.compression}`],
    ["reload", plan.reload ? "yes" : "no"],
    ...plan.downloads.flatMap((download) => describeDownload(download)),
    ...plan.staticFiles.map(({ path }) => ["file", path]),
    ...plan.tree.map((entry) => ["tree", describeEntry(entry)]),
    ...plan.upholds.map((unit) => ["upholds", unit]),
    ...plan.setuid.map((path) => ["setuid", path]),
    ...plan.hostLinks.map((path) => ["host link", path]),
    ...plan.transfers.map((rule) => ["transfer", `${rule.name(plan.extension, plan.version)}.conf`]),
    ["inputs", digest],
  ];
  return formatTable(rows);
}

function describeDownload({ url, verify, install }: Download): string[][] {
  return [
    ["download", url],
    ["", `verified by ${describeVerification(verify)}`],
    ["", describeInstall(install)],
  ];
}

function describeVerification(verify: Verification): string {
  switch (verify.kind) {
    case "checksum-file":
      return `the checksum file ${verify.url}`;
    case "github-digest":
      return "the digest that GitHub states";
    case "npm-integrity":
      return "the sha512 that npm's registry states";
    case "pinned":
      return "a sha256 in the recipe";
    case "unverified":
      return `nothing: ${verify.reason}`;
  }
}

function describeInstall(install: Install): string {
  if (install.kind === "binary") return `to ${install.path}, executable`;
  const part = install.only.length === 0 ? "all files" : install.only.join(", ");
  return `unpacked into ${install.path}: ${part}`;
}

function describeEntry(entry: TreeEntry): string {
  switch (entry.kind) {
    case "file":
      return `write ${entry.path}`;
    case "symlink":
      return `link ${entry.path} → ${entry.to}`;
    case "remove":
      return `remove ${entry.path}`;
    case "replace":
      return `replace "${entry.from}" with "${entry.to}" in ${entry.path}`;
  }
}
