/** A difference as people read it: metadata first, then what was added, removed and changed, and the sum at the end. */
import { formatMode } from "../inspect/describe-inspection.ts";
import type { EntryShown } from "../inspect/inspection.ts";
import { escapeControls, formatBytes, formatTable } from "../system/format.ts";
import type { Change, Difference } from "./compare.ts";

export function describeDifference(difference: Difference): string {
  const { metadata, added, removed, changed } = difference;
  const isSame = [metadata, added, removed, changed].every(({ length }) => length === 0);
  if (isSame) return "No differences\n";

  const rows = [
    ...removed.map((entry) => ["-", formatBytesDelta(-entry.size), ...nameOf(entry)]),
    ...added.map((entry) => ["+", formatBytesDelta(entry.size), ...nameOf(entry)]),
    ...changed.map((change) => ["~", formatBytesDelta(change.sizeDelta), escapeControls(change.path), whatOf(change)]),
  ];
  const sections = [
    metadata.length === 0 ? "" : formatTable(metadata.map(metadataRow)),
    rows.length === 0 ? "" : formatTable(alignSizes(rows)),
    ...changed.map(textOf),
    `${sumOf(difference)}\n`,
  ];
  return sections.filter((section) => section !== "").join("\n");
}

function metadataRow({ field, before = "none", after = "none" }: Difference["metadata"][number]): string[] {
  return [field, escapeControls(`${before} → ${after}`)];
}

function nameOf(entry: EntryShown): string[] {
  return [escapeControls(entry.target === undefined ? entry.path : `${entry.path} → ${entry.target}`), entry.kind];
}

function whatOf({ what, before, after }: Change): string {
  const described = {
    content: "content",
    mode: `${formatMode(before)} → ${formatMode(after)}`,
    kind: `${before.kind} → ${after.kind}`,
    target: escapeControls(`${before.target} → ${after.target}`),
  };
  return what.map((one) => described[one]).join(", ");
}

function textOf({ path, text }: Change): string {
  if (text === undefined) return "";
  if (text.kind === "too-different") return `${escapeControls(path)}: too different to be shown\n`;
  // A text's tabs are harmless.
  return text.patch
    .split("\n")
    .map((line) => line.split("\t").map(escapeControls).join("\t"))
    .join("\n");
}

function sumOf({ added, removed, changed, unpackedDelta, imageDelta }: Difference): string {
  const counts = `${added.length} added, ${removed.length} removed, ${changed.length} changed`;
  return `${counts}, ${formatBytesDelta(unpackedDelta)} unpacked, ${formatBytesDelta(imageDelta)} image`;
}

/** `+1.2 MiB`, `-300 KiB`, `±0 B` */
function formatBytesDelta(bytes: number): string {
  const sign = bytes === 0 ? "±" : bytes > 0 ? "+" : "-";
  return `${sign}${formatBytes(Math.abs(bytes))}`;
}

function alignSizes(rows: readonly string[][]): string[][] {
  const width = Math.max(...rows.map(([, size = ""]) => size.length));
  return rows.map(([sign = "", size = "", ...others]) => [sign, size.padStart(width), ...others]);
}
