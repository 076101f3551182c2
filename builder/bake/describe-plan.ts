/** A plan as people read it: what `plan` shows, and what tests hold every extension's plan against. */
import type { Download, Install, Rootfs, Script, Signature, TreeEntry, Verification } from "../recipe/index.ts";
import { formatTable } from "../system/format.ts";
import type { PlannedBuild } from "./build/plan-builds.ts";
import { nameOfRootfs } from "./build/plan-builds.ts";
import type { Keys } from "./fetch/keys.ts";
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
    ...Object.entries(plan.bundled).map(([name, version]) => ["bundled", `${name} ${version}`]),
    ...Object.entries(plan.options).map(([name, value]) => ["option", `${name} ${value}`]),
    ...plan.downloads.flatMap((download) => describeDownload(download, plan.keys)),
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

function describeDownload({ url, verify, install }: Download, keys: Keys): string[][] {
  return [
    ["download", url],
    ["", `verified by ${describeVerification(verify, keys)}`],
    ...describeInstall(install).map((line) => ["", line]),
  ];
}

function describeVerification(verify: Verification, keys: Keys): string {
  switch (verify.kind) {
    case "checksum-file": {
      const { signature } = verify;
      return `the checksum file ${verify.url}${signature === undefined ? "" : `, signed by ${describeSigner(signature, keys)}`}`;
    }
    case "openpgp-signature":
      return `the signature of ${describeSigner(verify.signature, keys)}`;
    case "github-digest": {
      const { otherwise } = verify;
      return `the digest that GitHub states${otherwise === undefined ? "" : `; where it states none, by nothing: ${otherwise.reason}`}`;
    }
    case "git-commit":
      return "the commit that the tag names";
    case "npm-integrity":
      return "the sha512 that npm's registry states";
    case "pinned":
      return "a sha256 in the recipe";
    case "unverified":
      return `nothing: ${verify.reason}`;
  }
}

/** With the fingerprints, so that another key shows in review. */
function describeSigner({ url, key }: Signature, keys: Keys): string {
  return `${key} (${keys[key]?.join(", ")}) in ${url}`;
}

function describeInstall(install: Install): string[] {
  switch (install.kind) {
    case "binary":
      return [`to ${install.path}, executable`];
    case "keep":
      return [`for the build, as ${install.path}`];
    case "take":
      return Object.entries(install.places).map(([name, path]) => `${name} to ${path}`);
    case "extract":
    case "unpack": {
      const part = install.only.length === 0 ? "all files" : install.only.join(", ");
      return [`unpacked${install.kind === "unpack" ? " for the build" : ""} into ${install.path}: ${part}`];
    }
  }
}

function describeBuild(build: PlannedBuild): string[][] {
  switch (build.kind) {
    case "code":
      return [["build", "code of the recipe"]];
    case "container":
      return [["build", `${build.script.file} in ${describeRootfs(build.rootfs)}`], ...describeScript(build.script)];
    case "flix":
      return [
        ["build", `flix out of ${describeRootfs(build.rootfs)}`],
        ...(build.script === undefined ? [] : [["", `after ${build.script.file}`], ...describeScript(build.script)]),
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

function describeScript({ env, network }: Script): string[][] {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return [
    ["", network === undefined ? "without network" : `with network: ${network}`],
    ...variables.map((one) => ["", one]),
  ];
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
