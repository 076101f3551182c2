/** Bake: plan → fetch → assemble → check → pack, each step taking what the one before made. */
import { join } from "node:path";
import { type DownloadRecord, type Image, imageFile } from "../../schema/index.ts";
import { readTree } from "../image/contents.ts";
import { measureFile } from "../system/digest.ts";
import { formatBytes } from "../system/format.ts";
import type { Progress } from "../system/progress.ts";
import { withWorkDir, writeAtomically } from "../system/work-dir.ts";
import type { Upstreams } from "../versions/upstreams.ts";
import { assemble } from "./assemble.ts";
import { check } from "./checks/check.ts";
import type { Allowances, CheckReport, Finding } from "./checks/finding.ts";
import { type Fetched, fetchDownloads } from "./fetch.ts";
import { packerFor } from "./pack/packer.ts";
import { inputsDigest, type Plan } from "./plan.ts";

export interface Baked {
  /** What the release manifest says of the image. `file` is its name there, wherever it lies now. */
  readonly image: Image;
  readonly downloads: readonly DownloadRecord[];
  /** What checks found that keeps nothing from shipping. */
  readonly warnings: readonly Finding[];
}

export interface Kitchen {
  readonly upstreams: Upstreams;
  readonly progress: Progress;
  /** Ends a bake; what it has begun is cleaned up. */
  readonly signal?: AbortSignal | undefined;
  /** What checks may find and let pass; default: nothing. */
  readonly allowances?: Allowances;
}

/** @param file where the image goes; it appears there when it is complete, and not before */
export async function bake(plan: Plan, file: string, kitchen: Kitchen): Promise<Baked> {
  const { upstreams, progress, signal, allowances = [] } = kitchen;
  const packer = packerFor(plan.format, plan.compression);
  const digest = await digestOf(plan);

  return withWorkDir(async (work) => {
    const fetched =
      plan.downloads.length === 0
        ? []
        : await progress.step(
            `Fetching ${count(plan.downloads.length, "download")}`,
            () => fetchDownloads(plan, work, upstreams, progress),
            fetchOutcome,
          );
    signal?.throwIfAborted();
    const root = await progress.step(
      "Assembling",
      () => assemble(plan, fetched, join(work, "root")),
      () => "",
    );
    const { warnings, allowed } = await progress.step(
      "Checking",
      async () => check(await readTree(root.path), plan, allowances),
      checkOutcome,
    );
    for (const { check: id, message } of warnings) progress.note(`warning: ${message} (${id})`);
    const { size, sha256 } = await progress.step(
      `Packing ${plan.format}`,
      async () => {
        await writeAtomically(file, (partial) =>
          packer.pack(root.path, partial, { epoch: plan.epoch, size: plan.extFsSize }, signal),
        );
        return measureFile(file);
      },
      (made) => formatBytes(made.size),
    );
    const image = { file: imageFile(plan, plan.arch), arch: plan.arch, format: plan.format, size, sha256 };
    const os = plan.os === "_any" ? {} : { os: plan.os };
    const described = { ...image, ...os, ...(allowed.length > 0 && { allowed: [...allowed] }), inputsDigest: digest };
    return { image: described, downloads: fetched.map(({ record }) => record), warnings };
  });
}

/** What `Image.inputsDigest` would be if the plan were baked now and here. */
export async function digestOf(plan: Plan): Promise<string> {
  return inputsDigest(plan, await packerFor(plan.format, plan.compression).tool());
}

function fetchOutcome(fetched: readonly Fetched[]): string {
  const bytes = fetched.reduce((sum, { record }) => sum + record.size, 0);
  const open = fetched.filter(({ record }) => record.verifiedBy === "unverified").length;
  return `${formatBytes(bytes)}, ${open === 0 ? "all verified" : `${open} not verified`}`;
}

function checkOutcome({ warnings }: CheckReport): string {
  return warnings.length === 0 ? "" : count(warnings.length, "warning");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
