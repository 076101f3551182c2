/** What a release's folder has beside its files: what follows from the manifest, what is in the images, what it is of. */
import { join } from "node:path";
import {
  EXTENSION_PROFILE_FILE,
  formatExtensionProfile,
  formatReleaseContents,
  formatSha256Sums,
  INDEX_FILE,
  InvalidInput,
  linesOf,
  RELEASE_CONTENTS_FILE,
  RELEASE_DOCUMENTS,
  type ReleaseManifest,
} from "../../schema/index.ts";
import type { Extension } from "../catalog.ts";
import type { OpeningWorld } from "../image/open-image.ts";
import { readContents } from "../publish/publisher.ts";
import { UserError } from "../system/errors.ts";
import { writeText } from "../system/work-dir.ts";
import { profileOf } from "./extension-profile.ts";
import { contentsOf } from "./release-contents.ts";

/** Images whose contents are told already are not opened again. */
export async function describe(
  folder: string,
  manifest: ReleaseManifest,
  extension: Extension,
  world: OpeningWorld,
): Promise<void> {
  await writeText(join(folder, INDEX_FILE), formatSha256Sums(linesOf(manifest.extension, manifest)));
  for (const [file, format] of Object.entries(RELEASE_DOCUMENTS)) {
    await writeText(join(folder, file), format(manifest));
  }
  const profile = await profileOf(extension, manifest);
  await writeText(join(folder, EXTENSION_PROFILE_FILE), formatExtensionProfile(profile));
  if ((await readContents(folder, manifest).catch(ofOtherImages)) !== undefined) return;
  const contents = await contentsOf(folder, manifest, world);
  await writeText(join(folder, RELEASE_CONTENTS_FILE), formatReleaseContents(contents));
}

/** What stands there of a bake before is written anew. */
function ofOtherImages(error: unknown): undefined {
  if (!(error instanceof UserError || error instanceof InvalidInput)) throw error;
}
