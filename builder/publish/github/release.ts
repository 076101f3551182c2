/**
 * Individual releases on GitHub: drafts first, published when every file has arrived. What is published is completed
 * where something is missing, and never changed.
 *
 * A draft may be what a killed run has left, or what another run is at just now, with an image of the same bytes and
 * documents of another moment. So what has arrived in a draft stays: who does not find it good makes a draft of his own.
 * Whoever is first publishes, the other one finds it published. No release is ever a mixture.
 */
import {
  INDEX_FILE,
  InvalidInput,
  isSameRelease,
  parseImageFile,
  parseReleaseManifest,
  RELEASE_MANIFEST_FILE,
  type ReleaseManifest,
} from "../../../schema/index.ts";
import type { GithubAsset, GithubRelease } from "./answers.ts";
import { type Content, documentContents } from "./contents.ts";
import { ChangedMeanwhile } from "./failures.ts";
import { releaseNotes } from "./notes.ts";
import type { GithubReleases } from "./releases.ts";

export class ReleaseWriter {
  readonly #releases: GithubReleases;
  readonly #manifest: ReleaseManifest;
  readonly #contents: readonly Content[];
  /** Names of the machines' own files: images and transfer files */
  readonly #own: ReadonlySet<string>;

  constructor(releases: GithubReleases, manifest: ReleaseManifest, contents: readonly Content[]) {
    this.#releases = releases;
    this.#manifest = manifest;
    this.#contents = contents;
    this.#own = new Set([...manifest.images, ...manifest.transfers].map(({ file }) => file));
  }

  /**
   * @param drafts looks for those that other runs have begun
   * @returns names of the files that were not there
   * @throws ChangedMeanwhile, NotFoundError where others are at it: it can be called again
   * @throws InvalidInput where it is published with other files
   */
  async put(drafts: () => Promise<readonly GithubRelease[]>): Promise<string[]> {
    const notes = releaseNotes(this.#manifest);
    const published = await this.#releases.byTag(notes.tag);
    if (published !== undefined) return this.#complete(published);

    const begun = (await drafts()).filter(({ tag_name, name }) => tag_name === notes.tag && name === notes.title);
    const draft = (await this.#goodOne(begun)) ?? (await this.#releases.createDraft(notes));
    const uploaded = await this.#complete(draft);
    const release = await this.#releases.publish(draft, notes);
    // Those that nobody needs any more; whoever is still at one finds the release published.
    for (const other of release === undefined ? [draft] : begun.filter(({ id }) => id !== draft.id))
      await this.#releases.delete(other);
    if (release === undefined) throw new ChangedMeanwhile(notes.tag);
    await this.#demandImages(release);
    return uploaded;
  }

  async #goodOne(drafts: readonly GithubRelease[]): Promise<GithubRelease | undefined> {
    for (const draft of drafts) {
      const standing = await this.#standing(draft).catch((error: unknown) => {
        if (!(error instanceof InvalidInput)) throw error;
      });
      if (standing !== undefined) return draft;
    }
    return undefined;
  }

  /** What a release lacks, killed by whatever tool has made it; what it has stays. */
  async #complete(release: GithubRelease): Promise<string[]> {
    const standing = await this.#standing(release);
    if (standing === undefined) throw otherFiles(release.tag_name);
    const there = uploadedIn(release);
    const missing = this.#contentsOf(standing).filter(({ file }) => !there.has(file));
    for (const content of missing) {
      // An upload that came to nothing has the name, and no bytes that anybody could have.
      const remains = release.assets.find(({ name }) => name === content.file);
      if (remains !== undefined) await this.#releases.assets.delete(remains);
      await this.#releases.assets.upload(release, content);
    }
    return missing.map(({ file }) => file);
  }

  /** @returns the manifest that its documents follow from; undefined where it has what the release must not have */
  async #standing(release: GithubRelease): Promise<ReleaseManifest | undefined> {
    const there = uploadedIn(release);
    const described = there.get(RELEASE_MANIFEST_FILE);
    const standing = described === undefined ? this.#manifest : await this.#manifestIn(described);
    if (!isSameRelease(standing, this.#manifest)) return undefined;
    const contents = this.#contentsOf(standing);
    const isStrange = (file: string) => !contents.some((content) => content.file === file);
    // Of what is published, documents are as whoever has published it wants them.
    const strange = [...there.keys()].filter((file) => release.draft || parseImageFile(file) !== undefined);
    if (strange.some(isStrange)) return undefined;
    const documents = release.draft ? new Set([INDEX_FILE, ...documentContents(standing).map(({ file }) => file)]) : [];
    const demanded = new Set([...this.#own, ...documents]);
    for (const content of contents.filter(({ file }) => demanded.has(file))) {
      const asset = there.get(content.file);
      if (asset !== undefined && !(await this.#releases.assets.isWhole(asset, content))) return undefined;
    }
    return standing;
  }

  async #manifestIn(described: GithubAsset): Promise<ReleaseManifest> {
    const own = this.#contents.find(({ file }) => file === RELEASE_MANIFEST_FILE);
    if (own !== undefined && (await this.#releases.assets.isWhole(described, own))) return this.#manifest;
    return parseReleaseManifest((await this.#releases.assets.bytesOf(described)).toString("utf8"));
  }

  /** @param standing the manifest that documents follow from: that of another bake of the same bytes, perhaps */
  #contentsOf(standing: ReleaseManifest): Content[] {
    const documents = documentContents(standing);
    return this.#contents.map((content) => documents.find(({ file }) => file === content.file) ?? content);
  }

  /** Whatever has happened: what machines get must be what the index will name. */
  async #demandImages(release: GithubRelease): Promise<void> {
    for (const content of this.#contents.filter(({ file }) => parseImageFile(file) !== undefined)) {
      const asset = release.assets.find(({ name }) => name === content.file);
      if (asset === undefined || !(await this.#releases.assets.isWhole(asset, content)))
        throw otherFiles(release.tag_name);
    }
  }
}

function uploadedIn({ assets }: GithubRelease): Map<string, GithubAsset> {
  return new Map(assets.filter(({ state }) => state === "uploaded").map((asset) => [asset.name, asset]));
}

function otherFiles(tag: string): InvalidInput {
  return new InvalidInput("release", `${tag} is published already, with other files`);
}
