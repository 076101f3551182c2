/** Which images of an extension are to be mirrored. */
import {
  type Arch,
  type IndexEntry,
  minorSeries,
  newestFirst,
  parseImageFile,
  type Release,
} from "../../schema/index.ts";

export interface Selection {
  /** Versions, or patterns in which `*` stands for any characters; with `series`, one of both has to fit. None: all. */
  readonly versions: readonly string[];
  /** Minor series, `v1.34` */
  readonly series: readonly string[];
  /** So many of the newest releases that are left of an extension */
  readonly newest?: number | undefined;
  /** None: all */
  readonly arches: readonly Arch[];
}

/** A line of an index that names an image of the extension. */
export interface ImageLine extends IndexEntry, Release {
  readonly arch: Arch;
}

/** The images of an extension that its index names; other lines are nobody's to fetch. */
export function imagesOf(extension: string, lines: readonly IndexEntry[]): ImageLine[] {
  return lines.flatMap((line) => {
    const image = parseImageFile(line.file);
    return image?.extension === extension ? [{ ...line, ...image }] : [];
  });
}

export function choose(images: readonly ImageLine[], { versions, series, newest, arches }: Selection): ImageLine[] {
  const patterns = versions.map(patternOf);
  const isAny = patterns.length === 0 && series.length === 0;
  const wanted = images.filter(
    ({ version, arch }) =>
      (isAny || patterns.some((one) => one.test(version)) || series.includes(minorSeries(version) ?? "")) &&
      (arches.length === 0 || arches.includes(arch)),
  );
  if (newest === undefined) return wanted;
  const newestOnes = new Set([...new Set(wanted.map(({ version }) => version))].sort(newestFirst).slice(0, newest));
  return wanted.filter(({ version }) => newestOnes.has(version));
}

function patternOf(text: string): RegExp {
  return new RegExp(`^${text.split("*").map(RegExp.escape).join(".*")}$`);
}
