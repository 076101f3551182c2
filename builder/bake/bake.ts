/** Bake: plan → fetch → assemble → check → pack, each step taking what the one before made. */
import { join } from "node:path";
import { type DownloadRecord, type Image, imageFile } from "../../schema/index.ts";
import { measureFile } from "../system/digest.ts";
import { formatBytes } from "../system/format.ts";
import type { Progress } from "../system/progress.ts";
import { withWorkDir, writeAtomically } from "../system/work-dir.ts";
import type { Upstreams } from "../versions/upstreams.ts";
import { assemble } from "./assemble.ts";
import { check } from "./check.ts";
import { type Fetched, fetchDownloads } from "./fetch.ts";
import { packerFor } from "./pack/packer.ts";
import { inputsDigest, type Plan } from "./plan.ts";

export interface Baked {
  /** What the release manifest says of the image. `file` is its name there, wherever it lies now. */
  readonly image: Image;
  readonly downloads: readonly DownloadRecord[];
}

export interface Kitchen {
  readonly upstreams: Upstreams;
  readonly progress: Progress;
  /** Ends a bake; what it has begun is cleaned up. */
  readonly signal?: AbortSignal | undefined;
}

/** @param file where the image goes; it appears there when it is complete, and not before */
export async function bake(plan: Plan, file: string, { upstreams, progress, signal }: Kitchen): Promise<Baked> {
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
    await progress.step(
      "Checking",
      () => check(root, plan),
      () => "",
    );
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
    return { image: { ...image, ...os, inputsDigest: digest }, downloads: fetched.map(({ record }) => record) };
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

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
