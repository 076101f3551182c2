/** A plan as people read it: what `plan` shows, and what tests hold every extension's plan against. */
import type { Download, Install, TreeEntry, Verification } from "../recipe/index.ts";
import { formatTable } from "../system/format.ts";
import type { Plan } from "./plan.ts";
import { describeSmoke } from "./smoke.ts";

/** @param digest of the inputs; without it the text is the same on every machine */
export function describePlan(plan: Plan, digest?: string): string {
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
    ...plan.smoke.map((one) => ["smoke", describeSmoke(one)]),
    ...plan.transfers.map((rule) => ["transfer", `${rule.name(plan.extension, plan.version)}.conf`]),
    ...(digest === undefined ? [] : [["inputs", digest]]),
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
