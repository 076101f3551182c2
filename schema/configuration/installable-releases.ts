/** What an index has to offer to machines: its images by version. */

import { parseImageFile } from "../names.ts";
import { parseSha256Sums } from "../sha256sums.ts";
import { newestFirst } from "../version.ts";
import type { InstallableRelease } from "./resolve-choice.ts";

/**
 * @param index the text of an extension's `SHA256SUMS`
 * @returns newest first
 * @throws InvalidInput naming the line
 */
export function installableReleases(index: string, extension: string): InstallableRelease[] {
  const images = parseSha256Sums(index).flatMap(({ file, sha256 }) => {
    const image = parseImageFile(file);
    return image?.extension === extension ? [{ ...image, sha256 }] : [];
  });
  const byVersion = Map.groupBy(images, ({ version }) => version);
  return [...byVersion.keys()].sort(newestFirst).map((version) => ({ version, images: byVersion.get(version) ?? [] }));
}
