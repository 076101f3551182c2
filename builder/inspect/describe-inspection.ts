/** An inspection as people read it: tables, and on a terminal bars for the largest files. */
import { escapeControls, formatBytes, formatTable } from "../system/format.ts";
import type { Screen } from "../system/progress.ts";
import type { EntryShown, Inspection, Metadata } from "./inspection.ts";
import { manifestName, type ProvenanceShown } from "./provenance.ts";
import type { UnitShown } from "./units.ts";

const DEFAULT_COLUMNS = 80;
/** With less, a bar says nothing. */
const MIN_BAR = 10;

/** @param screen where it will be shown: bars are for terminals, and as wide as these */
export function describeInspection(inspection: Inspection, screen: Screen): string {
  const { image, units, provenance, entries, largest } = inspection;
  const sections = [
    formatTable([["image", escapeControls(image)], ...metadataRows(inspection)]),
    units.length > 0 ? `UNITS\n${formatTable(units.flatMap(unitRows))}` : "",
    provenance === undefined ? "" : `PROVENANCE\n${formatTable(provenanceRows(provenance))}`,
    entries.length > 0 ? `CONTENT\n${formatTable(entryRows(entries))}` : "",
    largest.length > 0 ? `LARGEST FILES\n${describeLargest(largest, screen)}` : "",
  ];
  return sections.filter((section) => section !== "").join("\n");
}

export function metadataRows(metadata: Metadata): string[][] {
  const { extension, release, format, compression, blockSize, size, sha256, unpackedSize } = metadata;
  const { files, folders, symlinks } = metadata;
  return [
    ["name", escapeControls(extension ?? "none: there is not one extension-release file")],
    ...Object.entries(release).map(([key, value]) => [key, escapeControls(value)]),
    ["format", [format, ...(compression === undefined ? [] : [compression])].join(", ")],
    ["blocks", formatBytes(blockSize)],
    ["size", formatBytes(size)],
    ["sha256", sha256],
    ["unpacked", formatBytes(unpackedSize)],
    ["entries", `${count(files, "file")}, ${count(folders, "folder")}, ${count(symlinks, "symlink")}`],
  ];
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function unitRows({ unit, path, upheldBy }: UnitShown): string[][] {
  const rows = upheldBy.map(({ unit: by, how, path: from }) => [`${how}= of ${by}`, from]);
  const known = path === undefined ? "not in the image" : "";
  const [first = ["nothing upholds it", ""], ...others] = rows;
  return [[unit, ...first, known], ...others.map((row) => ["", ...row, ""])].map((row) => row.map(escapeControls));
}

function provenanceRows(provenance: ProvenanceShown): string[][] {
  const { release, commit, builtAt, imported, downloads, allowances } = provenance;
  const rows = [
    ["manifest", manifestName(provenance)],
    ["release", release],
    ["commit", commit ?? "unknown"],
    ...(imported === undefined
      ? [["built", builtAt]]
      : [
          ["published", builtAt],
          ["imported", imported.from],
        ]),
    ...downloads.flatMap(({ url, sha256, size, verifiedBy, reason }) => [
      ["download", url],
      ["", `${formatBytes(size)}, sha256 ${sha256}`],
      ["", reason === undefined ? `verified by ${verifiedBy}` : `${verifiedBy}: ${reason}`],
    ]),
    ...allowances.map(({ check, reason }) => ["allowed", `${check}: ${reason}`]),
  ];
  return rows.map((row) => row.map(escapeControls));
}

function entryRows(entries: readonly EntryShown[]): string[][] {
  const sizes = entries.map(({ kind, size }) => (kind === "file" ? formatBytes(size) : ""));
  const width = Math.max(...sizes.map((size) => size.length));
  return entries.map((entry, at) => [
    formatMode(entry),
    (sizes[at] ?? "").padStart(width),
    entry.arch ?? "",
    escapeControls(entry.target === undefined ? entry.path : `${entry.path} → ${entry.target}`),
  ]);
}

/** `-rwsr-xr-x`, as ls(1) has it. */
export function formatMode({ kind, mode }: Pick<EntryShown, "kind" | "mode">): string {
  const type = { file: "-", folder: "d", symlink: "l" }[kind];
  const bits = Number.parseInt(mode, 8);
  const letters = [...Array(9).keys()].map((at) => (bits & (0o400 >> at) ? "rwx".charAt(at % 3) : "-"));
  for (const [at, letter] of ["s", "s", "t"].entries()) {
    const place = at * 3 + 2;
    if (bits & (0o4000 >> at)) letters[place] = letters[place] === "x" ? letter : letter.toUpperCase();
  }
  return `${type}${letters.join("")}`;
}

/** The bar of the largest is as wide as the terminal lets it. */
function describeLargest(largest: Inspection["largest"], { isTTY, columns }: Screen): string {
  const shown = largest.map(({ path, size }) => ({ path: escapeControls(path), bytes: size, size: formatBytes(size) }));
  const sizeWidth = Math.max(...shown.map(({ size }) => size.length));
  if (!isTTY) return formatTable(shown.map(({ path, size }) => [size.padStart(sizeWidth), path]));

  const width = columns || DEFAULT_COLUMNS;
  const longest = Math.max(MIN_BAR, Math.floor(width / 2));
  // The end of a path tells more than its beginning.
  const paths = shown.map(({ path }) => (path.length > longest ? `…${path.slice(1 - longest)}` : path));
  const pathWidth = Math.max(...paths.map((path) => path.length));
  const room = Math.max(MIN_BAR, width - pathWidth - sizeWidth - "    ".length);
  const most = Math.max(1, ...shown.map(({ bytes }) => bytes));
  return formatTable(
    shown.map(({ bytes, size }, at) => [
      paths[at] ?? "",
      size.padStart(sizeWidth),
      "█".repeat(Math.round((bytes / most) * room)),
    ]),
  );
}
