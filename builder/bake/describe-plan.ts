/** A plan as people read it: what `plan` shows, and what tests hold every extension's plan against. */
import type { Download, Install, Rootfs, TreeEntry, Verification } from "../recipe/index.ts";
import { formatTable } from "../system/format.ts";
import type { PlannedBuild } from "./build/plan-builds.ts";
import { nameOfRootfs } from "./build/plan-builds.ts";
import type { Inputs } from "./inputs.ts";
import type { Plan } from "./plan.ts";
import { describeSmoke } from "./smoke.ts";

/** @param inputs without them the text is the same on every machine */
export function describePlan(plan: Plan, inputs?: Inputs): string {
  const rows = [
    ["extension", plan.extension],
    ["version", plan.version],
    ["arch", plan.arch],
    ["format", `${plan.format}, ${plan.compression}`],
    ["reload", plan.reload ? "yes" : "no"],
    ...plan.downloads.flatMap((download) => describeDownload(download)),
    ...plan.builds.flatMap((build) => describeBuild(build)),
    ...(inputs?.builds ?? [])
      .flatMap(({ root }) => root?.downloads ?? [])
      .map(({ url, sha256 }) => ["from", `${url} ${sha256.slice(0, 16)}`]),
    ...plan.staticFiles.map(({ path }) => ["file", path]),
    ...plan.tree.map((entry) => ["tree", describeEntry(entry)]),
    ...plan.upholds.map((unit) => ["upholds", unit]),
    ...plan.setuid.map((path) => ["setuid", path]),
    ...plan.hostLinks.map((path) => ["host link", path]),
    ...plan.smoke.map((one) => ["smoke", describeSmoke(one)]),
    ...plan.transfers.map((rule) => ["transfer", `${rule.name(plan.extension, plan.version)}.conf`]),
    ...(inputs === undefined ? [] : [["inputs", inputs.digest]]),
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
  switch (install.kind) {
    case "binary":
      return `to ${install.path}, executable`;
    case "keep":
      return `for the build, as ${install.path}`;
    case "extract":
    case "unpack": {
      const part = install.only.length === 0 ? "all files" : install.only.join(", ");
      return `unpacked${install.kind === "unpack" ? " for the build" : ""} into ${install.path}: ${part}`;
    }
  }
}

function describeBuild(build: PlannedBuild): string[][] {
  switch (build.kind) {
    case "code":
      return [["build", "code of the recipe"]];
    case "container": {
      const variables = Object.entries(build.env).map(([name, value]) => `${name}=${value}`);
      return [
        ["build", `${build.script} in ${describeRootfs(build.rootfs)}`],
        ["", build.network === undefined ? "without network" : `with network: ${build.network}`],
        ...variables.map((one) => ["", one]),
      ];
    }
    case "flix":
      return [
        ["build", `flix out of ${describeRootfs(build.rootfs)}`],
        ...[...build.paths, ...build.extraLibraries].map((path) => ["", path]),
      ];
    case "flatwrap":
      return [
        ["build", `flatwrap of ${describeRootfs(build.rootfs)}`],
        ...build.paths.map((path) => ["", path]),
        ["", `/etc: ${build.etc}, /var: ${build.var}, /home: ${build.home}`],
      ];
  }
}

function describeRootfs(rootfs: Rootfs): string {
  const name = nameOfRootfs(rootfs);
  if (rootfs.kind === "debian") {
    const archive = rootfs.archive === undefined ? "" : ` of ${rootfs.archive}`;
    return `${name}${archive} with ${rootfs.packages.join(", ")}`;
  }
  return rootfs.unverified === undefined ? name : `${name}, not pinned: ${rootfs.unverified}`;
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
