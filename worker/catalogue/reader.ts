/** What pages show, section by section: one that cannot be read does not keep the others from being shown. */
import {
  type ApiRelease,
  CATALOGUE_RECORD,
  type CataloguedExtension,
  EXTENSION_PROFILE_FILE,
  type ExtensionProfile,
  parseCatalogueRecord,
  parseExtensionProfile,
  parseRecentReleases,
  parseReleaseContents,
  parseReleaseManifest,
  RECENT_RELEASES,
  RELEASE_CONTENTS_FILE,
  RELEASE_MANIFEST_FILE,
  type RecentRelease,
  type Release,
  type ReleaseContents,
  type ReleaseManifest,
  releaseName,
} from "../../schema/index.ts";
import { readDocument } from "../documents.ts";
import type { Library } from "../library.ts";
import type { RequestRecord } from "../log.ts";
import type { Services } from "../services.ts";
import type { FileRequest } from "../stores/store.ts";
import { type Asked, type Configured, configure } from "./configure.ts";

/** `undefined`: there is none; `unavailable`: that cannot be told just now */
export type Reading<T> = T | undefined | typeof UNAVAILABLE;
export const UNAVAILABLE = Symbol("unavailable");

/** An extension in the list: what machines get of it, and what else is known. */
export type Listed = Pick<CataloguedExtension, "extension" | "version" | "releases"> &
  Partial<CataloguedExtension> & { readonly arches: readonly string[] };

export interface ReaderOptions {
  readonly services: Services;
  readonly library: Library;
  readonly record: RequestRecord;
  readonly waitUntil: FileRequest["waitUntil"];
}

export class Reader {
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Of the global index, which is what machines get, with what the record knows of the same versions. */
  async list(): Promise<Reading<Listed[]>> {
    const [rows, record] = await Promise.all([
      this.#attempt(this.#options.library.extensions()),
      this.#attempt(this.#read("inventory", CATALOGUE_RECORD, parseCatalogueRecord)),
    ]);
    if (rows === UNAVAILABLE || rows === undefined) return rows;
    const known = record === UNAVAILABLE || record === undefined ? [] : record.extensions;
    const byName = new Map(known.map((entry) => [entry.extension, entry]));
    return rows.map(({ name, version, arches, releases }) => {
      const entry = byName.get(name);
      const { images: _, publishedAt: __, ...about } = entry ?? {};
      return { ...(entry?.version === version ? entry : about), extension: name, version, arches, releases };
    });
  }

  /** Latest first. */
  recent(): Promise<Reading<readonly RecentRelease[]>> {
    return this.#attempt(this.#read("inventory", RECENT_RELEASES, (json) => parseRecentReleases(json).releases));
  }

  profile(extension: string): Promise<Reading<ExtensionProfile>> {
    const at = { release: extension, file: EXTENSION_PROFILE_FILE };
    return this.#attempt(this.#read("extension-profile", at, parseExtensionProfile));
  }

  /** Newest first, with those that were withdrawn. */
  releases(extension: string): Promise<Reading<ApiRelease[]>> {
    return this.#attempt(this.#options.library.releases(extension));
  }

  manifest(release: Release): Promise<Reading<ReleaseManifest>> {
    const at = { release: releaseName(release), file: RELEASE_MANIFEST_FILE };
    return this.#attempt(this.#read("release-manifest", at, parseReleaseManifest));
  }

  contents(release: Release): Promise<Reading<ReleaseContents>> {
    const at = { release: releaseName(release), file: RELEASE_CONTENTS_FILE };
    return this.#attempt(this.#read("release-contents", at, parseReleaseContents));
  }

  configured(extension: string, asked: Asked, url: string): Promise<Reading<Configured>> {
    return this.#attempt(configure(extension, asked, { ...this.#options, url }));
  }

  async #read<T>(kind: keyof Services["stores"], at: { release: string; file: string }, parse: (json: string) => T) {
    const { services, waitUntil } = this.#options;
    return (await readDocument(services.stores[kind], at, parse, { waitUntil }))?.value;
  }

  /** The log has why; the page says that it is not to be had just now. */
  async #attempt<T>(reading: Promise<T>): Promise<T | typeof UNAVAILABLE> {
    return reading.catch((error) => {
      this.#options.record.error = error;
      return UNAVAILABLE;
    });
  }
}
