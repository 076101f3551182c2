/** What API and catalogue know of extensions: from inventories, and where there are none from indexes alone. */
import {
  type ApiExtension,
  type ApiExtensions,
  type ApiImage,
  type ApiLatest,
  type ApiRelease,
  type Arch,
  feedLocator,
  GLOBAL_INDEX,
  INVENTORY_FILE,
  type Inventory,
  imageFile,
  indexLocator,
  minorSeries,
  newestFirst,
  parseImageFile,
  parseInventory,
  parseSha256Sums,
  publicPath,
  releaseName,
} from "../schema/index.ts";
import { readDocument } from "./documents.ts";
import type { Services } from "./services.ts";
import type { FileRequest } from "./stores/store.ts";

type WaitUntil = FileRequest["waitUntil"];

export class Library {
  readonly #services: Services;
  readonly #origin: string;
  readonly #waitUntil: WaitUntil;

  /** @param origin in front of the URLs that answers have */
  constructor(services: Services, origin: string, waitUntil: WaitUntil) {
    this.#services = services;
    this.#origin = origin;
    this.#waitUntil = waitUntil;
  }

  /** By name; undefined where there is no index of all. */
  async extensions(): Promise<ApiExtensions["extensions"] | undefined> {
    const index = await this.#services.indexes.current(GLOBAL_INDEX.release, { waitUntil: this.#waitUntil });
    return index?.views.extensions.map(({ arches, ...row }) => ({ ...row, arches: [...arches] }));
  }

  async extension(name: string): Promise<ApiExtension | undefined> {
    const releases = (await this.releases(name))?.filter(({ yanked }) => yanked === undefined);
    const [newest] = releases ?? [];
    if (releases === undefined || newest === undefined) return undefined;
    const bySeries = Map.groupBy(releases, ({ version }) => minorSeries(version));
    const series = [...bySeries].flatMap(([seriesName, [first]]) => {
      if (seriesName === undefined || first === undefined) return [];
      const index = this.#url(`/extensions/${name}/${seriesName}/SHA256SUMS`);
      return [{ name: seriesName, version: first.version, index }];
    });
    return {
      name,
      version: newest.version,
      arches: newest.images.map(({ arch }) => arch),
      releases: releases.length,
      series,
      links: {
        index: this.#url(publicPath(indexLocator(name))),
        transfer: this.#url(`/extensions/${name}.conf`),
        releases: this.#url(`/api/v1/extensions/${name}/releases`),
        // Releases of GitHub's have no dates, and so no feed.
        ...(newest.publishedAt !== undefined && {
          atomFeed: this.#url(publicPath(feedLocator("atom-feed", name))),
          jsonFeed: this.#url(publicPath(feedLocator("json-feed", name))),
        }),
      },
    };
  }

  /** Newest first, with those that were withdrawn; undefined where there is no such extension. */
  async releases(extension: string): Promise<ApiRelease[] | undefined> {
    const inventory = await this.#inventory(extension);
    if (inventory !== undefined) {
      return inventory.releases.map(({ version, publishedAt, images, yanked }) => ({
        version,
        publishedAt,
        images: images.map((image) => this.#image({ extension, version }, image)),
        ...(yanked !== undefined && { yanked }),
      }));
    }

    const index = await this.#services.indexes.current(extension, { waitUntil: this.#waitUntil });
    if (index === undefined) return undefined;
    const byVersion = Map.groupBy(imagesOf(index.views.text), ({ version }) => version);
    return [...byVersion.keys()].sort(newestFirst).map((version) => ({
      version,
      images: (byVersion.get(version) ?? []).map((image) => this.#image({ extension, version }, image)),
    }));
  }

  /** What the index names, so that it is what machines get. */
  async latest(extension: string, arch: Arch, series: string | undefined): Promise<ApiLatest | undefined> {
    const index = await this.#services.indexes.current(extension, { waitUntil: this.#waitUntil });
    const newest = index?.views.newest(arch, series);
    if (newest === undefined) return undefined;
    const release = (await this.releases(extension))?.find(({ version }) => version === newest.version);
    const image = release?.images.find((it) => it.arch === arch);
    return image && { version: newest.version, ...image };
  }

  async #inventory(extension: string): Promise<Inventory | undefined> {
    const at = { release: extension, file: INVENTORY_FILE };
    const found = await readDocument(this.#services.stores.inventory, at, parseInventory, {
      waitUntil: this.#waitUntil,
    });
    return found?.value;
  }

  #image(
    release: { extension: string; version: string },
    { arch, sha256, size }: { arch: Arch; sha256: string; size?: number },
  ): ApiImage {
    const file = imageFile(release, arch);
    const url = this.#url(publicPath({ release: releaseName(release), file }));
    return { arch, file, url, sha256, ...(size !== undefined && { size }) };
  }

  #url(path: string): string {
    return this.#origin + encodeURI(path);
  }
}

function imagesOf(index: string) {
  return parseSha256Sums(index).flatMap(({ file, sha256 }) => {
    const image = parseImageFile(file);
    return image === undefined ? [] : [{ ...image, sha256 }];
  });
}
