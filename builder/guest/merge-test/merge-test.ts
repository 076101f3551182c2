/**
 * The merge test: in a throw-away guest an image is downloaded, merged, looked at, used and unmerged, by the programs
 * that do so on machines.
 */
import { randomUUID } from "node:crypto";
import { releaseName } from "../../../schema/index.ts";
import type { Progress } from "../../system/progress.ts";
import type { GuestRunner } from "../guest.ts";
import { LiveSteps } from "./live-steps.ts";
import { openSite } from "./site.ts";
import { filesOf, type Step, scriptOf, stepsOf } from "./steps.ts";
import type { Subject } from "./subject.ts";
import { parseTranscript, type StepRun } from "./transcript.ts";

export interface MergeTest {
  readonly release: string;
  readonly arch: string;
  readonly sha256: string;
  /** What the guest ran in. */
  readonly runner: string;
  /** Whether no step has failed. */
  readonly passed: boolean;
  /** Of all of it, the guest's start and end with it. */
  readonly seconds: number;
  readonly steps: readonly StepResult[];
  readonly notes: readonly string[];
}

export interface StepResult {
  readonly id: string;
  readonly title: string;
  /** none: the image has nothing that could be tested; skipped: a step before it failed. */
  readonly status: "ok" | "failed" | "none" | "skipped";
  readonly seconds?: number;
  /** What it found, or why it failed. */
  readonly found?: string;
  /** Of a step that failed: the last lines of what was said. */
  readonly output?: readonly string[];
}

export interface MergeTestOptions {
  readonly runner: GuestRunner;
  /** The guest's tree. */
  readonly tree: string;
  /** Seconds for all of it. */
  readonly timeout: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** @throws what a `GuestRunner` throws; a step that fails is a result */
export async function mergeTest(subject: Subject, options: MergeTestOptions): Promise<MergeTest> {
  const { runner, tree, timeout, progress, signal } = options;
  const steps = stepsOf(subject);
  const mark = `@${randomUUID()}`;
  const live = new LiveSteps(steps, mark, progress);
  const started = performance.now();
  await using site = await openSite(subject);
  const job = {
    tree,
    files: filesOf(subject, `http://${runner.hostAddress}:${site.port}`),
    ports: [site.port],
    script: scriptOf(steps, subject, mark),
    timeout,
  };
  const running = async () => {
    try {
      return await runner.run(job, { signal, onConsole: (text) => live.hear(text) });
    } finally {
      await live.end();
    }
  };
  const { stdout } = await progress.step(`Testing in ${runner.name}`, running, () => "");
  const runs = parseTranscript(stdout, mark);
  const results = steps.map((step) => resultOf(step, runs.get(step.id), live.bootSeconds));
  return {
    release: releaseName(subject.release),
    arch: subject.arch,
    sha256: subject.image.sha256,
    runner: runner.name,
    passed: results.every(({ status }) => status === "ok" || status === "none"),
    seconds: rounded((performance.now() - started) / 1_000),
    steps: results,
    notes: [...subject.notes, ...notesOf(subject)],
  };
}

/** How many lines of a failed step's output are shown. */
const LINES_SHOWN = 16;

function resultOf({ id, title, run, judge }: Step, done: StepRun | undefined, bootSeconds: number): StepResult {
  if (run === undefined) return { id, title, status: "none" };
  if (done === undefined) return { id, title, status: "skipped" };
  const verdict = judge(done);
  const seconds = rounded(id === "boot" ? bootSeconds + done.seconds : done.seconds);
  if (verdict.ok) return { id, title, status: "ok", seconds, ...(verdict.found !== "" && { found: verdict.found }) };
  const output = done.output.filter((line) => !line.startsWith("! ")).slice(-LINES_SHOWN);
  return { id, title, status: "failed", seconds, found: verdict.reason, output };
}

function notesOf({ transfers: [followed], metadata }: Subject): string[] {
  const { ID = "_any" } = metadata;
  return [
    followed.transfer.verify
      ? "its transfer file demands a signed index; here it was followed with Verify=false, for the copy has no signature"
      : "the transfer file was followed with Verify=false",
    ...(ID === "_any" ? [] : [`the guest said that it is ${ID}, as the image demands; it is Debian`]),
  ];
}

function rounded(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
