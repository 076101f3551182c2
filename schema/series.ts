/** The indexes of minor series: parts of an extension's index, byte for byte the same wherever they are made. */
import { isBestBefore } from "./best-before.ts";
import { minorSeries, parseImageFile } from "./names.ts";
import { formatSha256Sums, type IndexEntry } from "./sha256sums.ts";

/**
 * The lines of each minor series, in the order of the index, behind its date, which holds for all of them; undefined
 * for versions without a minor number.
 */
export function linesBySeries(lines: readonly IndexEntry[]): Map<string | undefined, IndexEntry[]> {
  const dates = lines.filter(isBestBefore);
  const images = lines.flatMap((entry) => {
    const version = parseImageFile(entry.file)?.version;
    return version === undefined ? [] : [{ entry, series: minorSeries(version) }];
  });
  const bySeries = Map.groupBy(images, ({ series }) => series);
  return new Map([...bySeries].map(([series, found]) => [series, [...dates, ...found.map(({ entry }) => entry)]]));
}

/** The text of each series' index, as `/extensions/<ext>/<series>/SHA256SUMS` has it. */
export function seriesIndexes(lines: readonly IndexEntry[]): Map<string, string> {
  const texts = [...linesBySeries(lines)].map(([series, found]) => [series, formatSha256Sums(found)] as const);
  return new Map(texts.filter((entry): entry is [string, string] => entry[0] !== undefined));
}
