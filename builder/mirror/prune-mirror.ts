/**
 * Removes the files of a mirror that no index of it names, and that none has named since the run before: a machine may
 * just have read that index.
 */
import {
  EXTENSION_PROFILE_FILE,
  INVENTORY_FILE,
  indexLocator,
  isMinorSeries,
  parseImageFile,
  parseReleaseName,
  parseSha256Sums,
  publicPath,
  releaseName,
} from "../../schema/index.ts";
import type { MirrorFolder } from "./mirror-folder.ts";
import { understood } from "./mirror-release.ts";

const ROOT = "/extensions";
/** Of an extension as a whole */
const DOCUMENTS = [INVENTORY_FILE, EXTENSION_PROFILE_FILE];

/** The images that indexes of extensions name, by their files. */
export async function namedImages(folder: MirrorFolder): Promise<Set<string>> {
  const named = new Set<string>();
  for (const name of await folder.list(ROOT)) {
    const bytes = await folder.read(publicPath(indexLocator(name)));
    for (const { file } of (bytes && understood(bytes, parseSha256Sums)) ?? []) named.add(file);
  }
  return named;
}

/**
 * What is not a mirror's is left alone.
 * @param namedBefore what was named when the run began
 * @returns public paths
 */
export async function pruneMirror(folder: MirrorFolder, namedBefore: ReadonlySet<string>): Promise<string[]> {
  const named = namedBefore.union(await namedImages(folder));
  const images = [...named].flatMap((file) => parseImageFile(file) ?? []);
  const releases = new Set(images.map(releaseName));
  const extensions = new Set(images.map(({ extension }) => extension));
  const pruned: string[] = [];
  const remove = async (path: string) => {
    await folder.remove(path);
    pruned.push(path);
  };
  const pruneFolder = async (path: string, isWanted: (file: string) => boolean) => {
    for (const file of await folder.list(path)) if (!isWanted(file)) await remove(`${path}/${file}`);
    await folder.removeEmpty(path);
  };

  const isWantedImage = (file: string) => parseImageFile(file) === undefined || named.has(file);
  for (const name of await folder.list(ROOT)) {
    const path = `${ROOT}/${name}`;
    if (parseReleaseName(name) !== undefined) {
      if (!releases.has(name)) await pruneFolder(path, () => false);
      continue;
    }
    const isGone = !extensions.has(name.replace(/\.conf$/, "")) && name !== "noop.conf";
    if (name.endsWith(".conf")) {
      if (isGone) await remove(path);
      continue;
    }
    for (const series of (await folder.list(path)).filter(isMinorSeries)) {
      await pruneFolder(`${path}/${series}`, isWantedImage);
    }
    const isDocument = (file: string) => DOCUMENTS.includes(file) || file.endsWith(".conf");
    await pruneFolder(path, (file) => isMinorSeries(file) || (isWantedImage(file) && !(isGone && isDocument(file))));
  }
  return pruned.sort();
}
