/** The global index: the lines of all extensions, by name. Who publishes one extension changes its lines alone. */
import { isBestBefore } from "./best-before.ts";
import { parseImageFile } from "./names.ts";
import { type IndexEntry, mergeSha256Sums } from "./sha256sums.ts";

/**
 * The global index with an extension's lines as they are now; those of others stay. Without a date: who signs the
 * index gives it one.
 * @throws InvalidInput where another extension's line has the same name
 */
export function withLinesOf(
  extension: string,
  lines: readonly IndexEntry[],
  before: readonly IndexEntry[],
): IndexEntry[] {
  const others = before.filter((entry) => !isBestBefore(entry) && extensionOf(entry) !== extension);
  const byExtension = Map.groupBy(mergeSha256Sums(others, lines), extensionOf);
  return [...byExtension.keys()].sort().flatMap((name) => byExtension.get(name) ?? []);
}

/** The extension that a line is of; of a file that is no image of ours, the file itself. */
function extensionOf({ file }: IndexEntry): string {
  return parseImageFile(file)?.extension ?? file;
}
