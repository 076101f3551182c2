/** What a run has released, in Markdown: for the summary of a job. */
import { formatBytes } from "../system/format.ts";
import type { ReleaseOutcome } from "./release.ts";

const RESULTS: Readonly<Record<ReleaseOutcome["result"], string>> = {
  published: "published",
  there: "was there already",
  baked: "baked",
  failed: "**failed**",
};

export function summaryOf(outcomes: readonly ReleaseOutcome[]): string {
  const rows = outcomes.map(({ release, result, images, tested, seconds }) => [
    release,
    RESULTS[result],
    images.map(({ arch, size }) => `${arch} ${formatBytes(size)}`).join(", "),
    tested === undefined ? "" : `${tested} steps`,
    seconds.toFixed(0),
  ]);
  const head = ["Release", "Result", "Images", "Merge test", "Seconds"];
  const table = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(escapeCell).join(" | ")} |\n`);
  const failed = outcomes.flatMap(({ release, error }) => (error === undefined ? [] : [failureOf(release, error)]));
  return `## Releases\n\n${table.join("")}${failed.join("")}`;
}

function failureOf(release: string, error: Error): string {
  const details = "details" in error ? Object.entries(error.details as Record<string, string>) : [];
  const hint = "hint" in error && typeof error.hint === "string" ? [`hint: ${error.hint}`] : [];
  const lines = [error.message, ...details.map(([key, value]) => `${key}: ${value}`), ...hint];
  // As code, in which nothing of what upstreams or programs said is markup.
  return `\n### ${release} failed\n\n${lines
    .join("\n")
    .split("\n")
    .map((line) => `    ${line}\n`)
    .join("")}`;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}
