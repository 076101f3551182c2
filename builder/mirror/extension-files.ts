/** What an extension as a whole has in a mirror beside its indexes: transfer files, its profile, and the inventory. */
import {
  EXTENSION_PROFILE_FILE,
  formatInventory,
  type Inventory,
  indexOf,
  isListed,
  linesOf,
  minorSeries,
  parseExtensionProfile,
  parseReleaseManifest,
  publicPath,
  RELEASE_MANIFEST_FILE,
  releaseName,
} from "../../schema/index.ts";
import { mirrorTransfer, understood } from "./mirror-release.ts";
import type { Mirroring } from "./mirroring.ts";
import type { ImageLine } from "./selection.ts";

/** The transfer files that machines get for the extension as a whole. */
export async function mirrorTransfers(
  extension: string,
  images: readonly ImageLine[],
  world: Mirroring,
): Promise<void> {
  const names = new Set<string>([`${extension}.conf`]);
  const versions = new Set(images.map(({ version }) => version));
  for (const version of versions) {
    const at = { release: releaseName({ extension, version }), file: RELEASE_MANIFEST_FILE };
    const bytes = await world.folder.read(publicPath(at));
    const manifest = bytes && understood(bytes, parseReleaseManifest);
    for (const { file } of manifest?.transfers ?? []) names.add(file);
  }
  for (const file of names) await mirrorTransfer(publicPath({ release: extension, file }), world);
  if (names.size > 1 || versions.size === 0) return;
  // Without manifests: those that stay within a series, if there are any.
  for (const name of new Set([...versions].flatMap((version) => minorSeries(version) ?? []))) {
    const at = { release: extension, file: `${extension}-${name}.conf` };
    if (!(await mirrorTransfer(publicPath(at), world))) return;
  }
}

/** What the bakery says of the extension; what it says of another one, or what is no profile, is not passed on. */
export async function mirrorProfile(extension: string, { bakery, folder }: Mirroring): Promise<void> {
  const path = publicPath({ release: extension, file: EXTENSION_PROFILE_FILE });
  const bytes = await bakery.read(path);
  const profile = bytes && understood(bytes, parseExtensionProfile);
  if (bytes !== undefined && profile?.extension === extension) await folder.write(path, bytes);
}

/** The inventory of what the mirror has; undefined where it is the bakery's own. */
export function inventoryOf(inventory: Inventory, images: readonly ImageLine[]): string | undefined {
  const { extension } = inventory;
  const has = new Set(images.map(({ file, sha256 }) => `${file} ${sha256}`));
  const isMirrored = ({ file, sha256 }: { file: string; sha256: string }) => has.has(`${file} ${sha256}`);
  if (indexOf(inventory).every(isMirrored)) return undefined;
  const releases = inventory.releases.filter(isListed).flatMap(({ signature, ...release }) => {
    const left = release.images.filter((image) =>
      linesOf(extension, { ...release, images: [image] }).every(isMirrored),
    );
    // It is of all lines of the release.
    const isWhole = left.length === release.images.length && signature !== undefined;
    return left.length === 0 ? [] : [{ ...release, images: left, ...(isWhole && { signature }) }];
  });
  return formatInventory({ ...inventory, releases });
}
