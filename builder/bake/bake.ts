/**
 * Bake: plan → fetch → assemble → check → pack, all at once: what arrives is unpacked, looked at and packed as it
 * arrives. The packer is told that this was all only after every download was verified and every check has passed.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type BuildRecord, type DownloadRecord, type Image, imageFile } from "../../schema/index.ts";
import type { Contents } from "../image/contents.ts";
import type { RootfsMaker } from "../rootfs/rootfs-maker.ts";
import { measureFile } from "../system/digest.ts";
import { formatBytes } from "../system/format.ts";
import type { Measured } from "../system/spool.ts";
import { TaskGroup } from "../system/task-group.ts";
import { withWorkDir, writeAtomically } from "../system/work-dir.ts";
import { assemble } from "./assemble.ts";
import { startBuilds } from "./build/perform-builds.ts";
import { recordsOfBuilds } from "./build/records.ts";
import { check } from "./checks/check.ts";
import type { Allowances, CheckReport, Finding } from "./checks/finding.ts";
import { type Fetchers, startFetches } from "./fetch/fetch.ts";
import { type Inputs, inputsOf, recipeDigest } from "./inputs.ts";
import { packerFor } from "./pack/packer.ts";
import type { Plan } from "./plan.ts";
import type { Entries } from "./root/entry.ts";
import { Survey } from "./root/survey.ts";

export interface Baked {
  /** What the release manifest says of the image. `file` is its name there, wherever it lies now. */
  readonly image: Image;
  readonly downloads: readonly DownloadRecord[];
  /** How what was not downloaded was made. */
  readonly builds: readonly BuildRecord[];
  /** What checks found that keeps nothing from shipping. */
  readonly warnings: readonly Finding[];
}

/** What a bake is done with. The signal ends it; what it has begun is cleaned up. */
export interface Kitchen extends Fetchers {
  readonly rootfs: RootfsMaker;
  /** What containers are run with. */
  readonly env: NodeJS.ProcessEnv;
  /** What checks may find and let pass; default: nothing. */
  readonly allowances?: Allowances;
}

/** @param file where the image goes; it appears there when it is complete, and not before */
export async function bake(plan: Plan, file: string, kitchen: Kitchen): Promise<Baked> {
  const inputs = await inputsOf(plan, kitchen.rootfs);
  const { downloads, report, measured } = await writeAtomically(file, (partial) =>
    withWorkDir((scratch) => produce(plan, inputs, partial, scratch, kitchen)),
  );
  const image = { file: imageFile(plan, plan.arch), arch: plan.arch, format: plan.format, ...measured };
  const os = plan.os === "_any" ? {} : { os: plan.os };
  const { allowed, warnings } = report;
  const described = {
    ...image,
    ...os,
    ...(allowed.length > 0 && { allowed: [...allowed] }),
    inputsDigest: inputs.digest,
    recipeDigest: recipeDigest(plan),
  };
  const made = recordsOfBuilds(inputs.builds);
  return { image: described, downloads: [...downloads, ...made.downloads], builds: made.builds, warnings };
}

interface Produced {
  readonly downloads: readonly DownloadRecord[];
  readonly report: CheckReport;
  readonly measured: Measured;
}

async function produce(plan: Plan, inputs: Inputs, file: string, scratch: string, kitchen: Kitchen): Promise<Produced> {
  const { progress, allowances = [] } = kitchen;
  const group = new TaskGroup(kitchen.signal);
  for (const name of ["builds", "pack"]) await mkdir(join(scratch, name));
  await using fetches = startFetches(plan, { ...kitchen, signal: group.signal });

  const building = { ...kitchen, plan, fetches: fetches.all, scratch: join(scratch, "builds"), signal: group.signal };
  const builds = startBuilds(inputs.builds, building);
  const title = `Fetching ${count(plan.downloads.length, "download")}`;
  const fetching = plan.downloads.length === 0 ? [] : progress.step(title, () => fetches.records, fetchOutcome);
  const reports: CheckReport[] = [];
  const packing = async () => {
    const survey = new Survey();
    const entries = concluded(survey.over(assemble(plan, fetches.all, builds.layers)), async () => {
      const { contents } = survey;
      await progress.step("Assembling", async () => contents, assembleOutcome);
      await fetching;
      const report = await progress.step("Checking", () => check(contents, plan, allowances), checkOutcome);
      for (const { check: id, message } of report.warnings) progress.note(`warning: ${message} (${id})`);
      reports.push(report);
    });
    const options = { epoch: plan.epoch, size: plan.extFsSize, scratch: join(scratch, "pack") };
    await packerFor(plan.format, plan.compression).pack(entries, file, options, group.signal);
    return measureFile(file);
  };
  const [downloads, measured] = await group.all<[readonly DownloadRecord[], Measured, undefined]>([
    Promise.resolve(fetching),
    progress.step(`Packing ${plan.format}`, packing, ({ size }) => formatBytes(size)),
    builds.done,
  ]);
  const [report] = reports;
  if (report === undefined) throw new RangeError("an image was made of a part of what should be in it");
  return { downloads, measured, report };
}

/** The same entries; before whoever takes them is told that these were all, it has to be true of them what is said. */
async function* concluded(entries: Entries, conclude: () => Promise<void>): Entries {
  yield* entries;
  await conclude();
}

function fetchOutcome(records: readonly DownloadRecord[]): string {
  const bytes = records.reduce((sum, { size }) => sum + size, 0);
  const open = records.filter(({ verifiedBy }) => verifiedBy === "unverified").length;
  return `${formatBytes(bytes)}, ${open === 0 ? "all verified" : `${open} not verified`}`;
}

function assembleOutcome({ entries }: Contents): string {
  const files = entries.filter(({ kind }) => kind === "file");
  const links = entries.filter(({ kind }) => kind === "symlink");
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const linked = links.length === 0 ? "" : `, ${count(links.length, "link")}`;
  return `${count(files.length, "file")}${linked}, ${formatBytes(bytes)}`;
}

function checkOutcome({ warnings }: CheckReport): string {
  return warnings.length === 0 ? "" : count(warnings.length, "warning");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
