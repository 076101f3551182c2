/** The files that clients see of indexes: `SHA256SUMS`, its signatures, and the way to the newest image. */
import {
  GLOBAL_INDEX,
  imageFile,
  isExtensionName,
  type PublicPath,
  publicPath,
  releaseName,
} from "../../schema/index.ts";
import type { Clock } from "../context.ts";
import { UpstreamError } from "../errors.ts";
import { memoryBody } from "../stores/memory-body.ts";
import type { FileRequest, Source, Store, StoredFile } from "../stores/store.ts";
import type { FoundIndex, IndexCache } from "./index-cache.ts";
import type { GenerationViews } from "./index-views.ts";

type PathOf<K extends PublicPath["kind"]> = Extract<PublicPath, { kind: K }>;

export interface CurrentIndex {
  readonly views: GenerationViews;
  readonly source: Source;
}

export interface IndexFilesOptions {
  readonly cache: IndexCache;
  /** Where clients are sent if GitHub does not answer us */
  readonly github: Store | undefined;
  readonly now: Clock;
}

export class IndexFiles {
  readonly #cache: IndexCache;
  readonly #github: Store | undefined;
  readonly #now: Clock;

  constructor({ cache, github, now }: IndexFilesOptions) {
    this.#cache = cache;
    this.#github = github;
    this.#now = now;
  }

  /**
   * The index that is in effect.
   * @param release an extension, or that of the global index
   * @throws UpstreamError
   */
  async current(release: string, { waitUntil }: Pick<FileRequest, "waitUntil">): Promise<CurrentIndex | undefined> {
    if (!isIndexed(release)) return undefined;
    return this.#inEffect(await this.#cache.find(release, waitUntil));
  }

  /** All extensions, where the global index is in memory: for those who can do without. */
  extensionsAtHand(): readonly string[] {
    const index = this.#inEffect(this.#cache.fresh(GLOBAL_INDEX.release));
    return index?.views.extensions.map(({ name }) => name) ?? [];
  }

  #inEffect(found: FoundIndex | undefined): CurrentIndex | undefined {
    const views = found?.copy.views.at(this.#now());
    return found && views && { views, source: found.source };
  }

  async openIndex({ at, series }: PathOf<"index">, request: FileRequest): Promise<StoredFile | undefined> {
    // What is asked for most: nothing is waited for that is at hand.
    const hot = this.#inEffect(this.#cache.fresh(at.release));
    const made = hot?.views.made(series);
    if (hot !== undefined && made !== undefined) return memoryBody(made.index, hot.source, request);

    // Single releases have an index on GitHub, of which nobody asks often.
    if (!isIndexed(at.release)) return series === undefined ? this.#github?.open(at, request) : undefined;
    try {
      const index = await this.current(at.release, request);
      const view = await index?.views.view(series);
      return index && view && memoryBody(view.index, index.source, request);
    } catch (error) {
      // Never worse than a redirect server. Where R2 fails there is no such way: GitHub's is another index.
      if (!isGithubs(error) || series !== undefined || this.#github === undefined) throw error;
      return this.#github.open(at, request);
    }
  }

  /** The same signature under each name: gpg tells a binary one from an armored one. */
  async openSignature({ at, series }: PathOf<"signature">, request: FileRequest): Promise<StoredFile | undefined> {
    const index = await this.current(at.release, request).catch((error) => {
      // The bucket has no index, so whichever one a client gets is not signed.
      if (isGithubs(error)) return undefined;
      throw error;
    });
    const view = await index?.views.view(series);
    return index && view?.signature && memoryBody(view.signature, index.source, request);
  }

  async openLatest(path: PathOf<"latest">, request: FileRequest): Promise<StoredFile | undefined> {
    const { at, arch, series } = path;
    const index = await this.current(at.release, request);
    const newest = index?.views.newest(arch, series);
    if (index === undefined || newest === undefined) return undefined;
    const location = publicPath({ release: releaseName(newest), file: imageFile(newest, arch) });
    return { kind: "redirect", source: index.source, location: encodeURI(location) };
  }
}

function isIndexed(release: string): boolean {
  return isExtensionName(release) || release === GLOBAL_INDEX.release;
}

function isGithubs(error: unknown): boolean {
  return error instanceof UpstreamError && error.upstream === "GitHub";
}
