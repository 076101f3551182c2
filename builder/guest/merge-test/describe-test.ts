/** A merge test as people read it, and as an error where it failed. */
import { UserError } from "../../system/errors.ts";
import { escapeControls, formatTable } from "../../system/format.ts";
import type { MergeTest, StepResult } from "./merge-test.ts";
import type { Subject } from "./subject.ts";

export function describeTest({ release, arch, runner, seconds, steps, notes }: MergeTest): string {
  const rows = steps.map(({ title, status, seconds: taken, found = "" }) => [
    escapeControls(title),
    status,
    taken === undefined ? "" : taken.toFixed(1),
    escapeControls(found),
  ]);
  const table = formatTable([["STEP", "RESULT", "SECONDS", "FOUND"], ...rows]);
  const said = notes.map((note) => `${note}\n`).join("");
  return `${release}, ${arch}, in ${runner}: ${seconds.toFixed(1)} s\n\n${table}\n${said}`;
}

/** What is thrown of a test that failed; its value is the test. */
export function failedTest(test: MergeTest, subject: Subject): UserError {
  const failed = test.steps.filter(({ status }) => status === "failed");
  const details = Object.fromEntries(
    failed.map(({ title, found = "", output = [] }) => [
      escapeControls(title),
      [found, ...output].map(escapeControls).join("\n"),
    ]),
  );
  const hint = failed.map((step) => hintFor(step, subject)).find((one) => one !== undefined);
  const count = failed.length === 1 ? "a step" : `${failed.length} steps`;
  return new UserError(`${test.release} fails its merge test: ${count} of ${test.steps.length}`, {
    details,
    value: test,
    ...(hint !== undefined && { hint }),
  });
}

function hintFor({ id, found = "" }: StepResult, { metadata, contents }: Subject): string | undefined {
  if (id === "install" && found.startsWith("no space left")) {
    return "what the guest writes is kept in memory, up to half of it: test it on a larger machine";
  }
  if (id !== "upheld") return undefined;
  if (metadata.EXTENSION_RELOAD_MANAGER !== "1") {
    return "its extension-release file has no EXTENSION_RELOAD_MANAGER=1: systemd does not learn of its units";
  }
  const upholds = [...contents.texts].some(([path, text]) => path.endsWith(".conf") && /^Upholds=/m.test(text));
  return upholds ? undefined : "it has no drop-in with Upholds=: an [Install] section alone starts nothing";
}
