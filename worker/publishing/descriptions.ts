/**
 * What tells of releases and extensions beside their manifests: build logs and contents, kept as the first publisher
 * gave them, and profiles, of which the one that was made with the newest version stays.
 */
import {
  BUILD_LOG_FILE,
  type DescriptionPut,
  EXTENSION_PROFILE_FILE,
  type ExtensionProfile,
  findRelease,
  formatExtensionProfile,
  formatReleaseContents,
  keptProfile,
  parseExtensionProfile,
  parseReleaseManifest,
  RELEASE_CONTENTS_FILE,
  RELEASE_MANIFEST_FILE,
  type Release,
  type ReleaseContents,
  releaseName,
  storageKey,
  unlike,
} from "../../schema/index.ts";
import { ApiProblem } from "../errors.ts";
import type { CatalogueKeeper } from "./catalogue-record.ts";
import type { Inventories } from "./inventories.ts";
import type { Objects } from "./objects.ts";
import { SharedDocuments } from "./shared-documents.ts";

const PROFILES = {
  parse: (json: string): ExtensionProfile | undefined => parseExtensionProfile(json),
  format: (profile: ExtensionProfile | undefined) => (profile === undefined ? "" : formatExtensionProfile(profile)),
};

export class Descriptions {
  readonly #objects: Objects;
  readonly #inventories: Inventories;
  readonly #catalogue: CatalogueKeeper;
  readonly #profiles: SharedDocuments<ExtensionProfile | undefined>;

  constructor(objects: Objects, inventories: Inventories, catalogue: CatalogueKeeper) {
    this.#objects = objects;
    this.#inventories = inventories;
    this.#catalogue = catalogue;
    this.#profiles = new SharedDocuments(objects, PROFILES);
  }

  /** @throws ApiProblem 404 where the release is not published */
  async putLog(release: Release, text: string): Promise<DescriptionPut> {
    await this.#requireRelease(release);
    return this.#keep(release, BUILD_LOG_FILE, text);
  }

  /** @throws ApiProblem 404 where the release is not published; 422 where it is about other images */
  async putContents(contents: ReleaseContents): Promise<DescriptionPut> {
    await this.#requireRelease(contents);
    const key = storageKey({ release: releaseName(contents), file: RELEASE_MANIFEST_FILE });
    const stored = await this.#objects.read(key);
    const strange = stored && unlike(contents, parseReleaseManifest(stored.text));
    if (stored === undefined || strange !== undefined) {
      const message = strange ?? `there is no release manifest of ${releaseName(contents)}`;
      throw new ApiProblem(422, "other_images", message, { hint: "make it of the images that are published" });
    }
    return this.#keep(contents, RELEASE_CONTENTS_FILE, formatReleaseContents(contents));
  }

  /** @throws ApiProblem 404 where nothing is published of the extension */
  async putProfile(profile: ExtensionProfile): Promise<DescriptionPut> {
    const { extension } = profile;
    const inventory = await this.#inventories.read(extension);
    if (inventory.releases.length === 0) throw notPublished(extension);
    const own = formatExtensionProfile(profile);
    const key = storageKey({ release: extension, file: EXTENSION_PROFILE_FILE });
    const kept = await this.#profiles.update(key, undefined, (there) => {
      const kept = keptProfile(there, profile);
      // What is the same already is not written again.
      return PROFILES.format(there) === PROFILES.format(kept) ? there : kept;
    });
    // Without a new release no index follows that would take it over.
    await this.#catalogue.note(inventory);
    return { kept: PROFILES.format(kept) === own };
  }

  async #requireRelease(release: Release): Promise<void> {
    const known = findRelease(await this.#inventories.read(release.extension), release.version);
    if (known === undefined || known.pruned?.deletedAt !== undefined) throw notPublished(releaseName(release));
  }

  async #keep(release: Release, file: string, text: string): Promise<DescriptionPut> {
    const key = storageKey({ release: releaseName(release), file });
    return { kept: (await this.#objects.write(key, text, "nothing")) !== undefined };
  }
}

function notPublished(name: string): ApiProblem {
  return new ApiProblem(404, "not_published", `${name} is not published`, { hint: "publish it first" });
}
