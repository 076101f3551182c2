/** What clients see of a published index: of all versions, of each minor series, and the newest image of each. */
import {
  ARCHES,
  type Arch,
  bestBeforeOf,
  type Freshness,
  formatSha256Sums,
  freshnessOf,
  type Generation,
  generationAt,
  type IndexEntry,
  linesBySeries,
  newestFirst,
  type PublishedIndex,
  parseImageFile,
  parseSha256Sums,
  type Release,
} from "../../schema/index.ts";
import { sha256Hex } from "../digest.ts";
import type { MemoryFile } from "../stores/memory-body.ts";

export interface View {
  readonly index: MemoryFile;
  readonly signature: MemoryFile | undefined;
}

/** What an index says of an extension: its newest version, the architectures of that, and how many versions there are. */
export interface IndexedExtension {
  readonly name: string;
  readonly version: string;
  readonly arches: readonly Arch[];
  readonly releases: number;
}

/** Made once for each copy of an index and kept with it: what a request costs does not depend on how long it is. */
export class IndexViews {
  readonly #index: PublishedIndex;
  readonly #generations = new Map<Generation, GenerationViews>();

  constructor(index: PublishedIndex) {
    this.#index = index;
  }

  /** Undefined where nothing is in effect yet, or nothing any more. */
  at(milliseconds: number): GenerationViews | undefined {
    const generation = generationAt(this.#index, milliseconds);
    if (generation === undefined || generation.text === "") return undefined;
    const views = this.#generations.get(generation) ?? new GenerationViews(generation);
    this.#generations.set(generation, views);
    return views;
  }
}

/** The views of one generation. */
export class GenerationViews {
  readonly #generation: Generation;
  readonly #views = new Map<string | undefined, View>();
  readonly #newest = new Map<string, Release>();
  #bestBefore: string | null | undefined;
  #extensions: readonly IndexedExtension[] | undefined;
  #lines: ReadonlyMap<string | undefined, readonly IndexEntry[]> | undefined;

  constructor(generation: Generation) {
    this.#generation = generation;
  }

  get text(): string {
    return this.#generation.text;
  }

  /** How long machines will believe it; undefined where it does not say. */
  freshness(milliseconds: number): { readonly state: Freshness; readonly bestBefore: string } | undefined {
    this.#bestBefore ??= bestBeforeOf(parseSha256Sums(this.text)) ?? null;
    const [bestBefore, since] = [this.#bestBefore, Date.parse(this.#generation.effectiveAt)];
    return bestBefore === null
      ? undefined
      : { state: freshnessOf(bestBefore, { since, now: milliseconds }), bestBefore };
  }

  /** A view that was asked for before. */
  made(series: string | undefined): View | undefined {
    return this.#views.get(series);
  }

  /** The index of one minor series, or of all versions. Undefined where the series has no version. */
  async view(series?: string): Promise<View | undefined> {
    const made = this.made(series);
    if (made !== undefined) return made;

    const text = series === undefined ? this.text : this.#textOf(series);
    // Of names that are no series there is no end: they are not kept.
    if (text === "") return undefined;
    const { index, series: ofSeries } = this.#generation.signatures;
    const signature = series === undefined ? index : ofSeries?.[series];
    const modified = new Date(this.#generation.effectiveAt);
    const view = {
      index: await memoryFile(new TextEncoder().encode(text), modified),
      signature: signature === undefined ? undefined : await memoryFile(bytesOf(signature), modified),
    };
    this.#views.set(series, view);
    return view;
  }

  /** The newest release that has an image for the architecture, of one minor series or of all. */
  newest(arch: Arch, series?: string): Release | undefined {
    const key = `${arch} ${series}`;
    const known = this.#newest.get(key);
    if (known !== undefined) return known;
    const [newest] = this.#linesOf(series)
      .flatMap(({ file }) => parseImageFile(file) ?? [])
      .filter((image) => image.arch === arch)
      .toSorted((a, b) => newestFirst(a.version, b.version));
    if (newest !== undefined) this.#newest.set(key, newest);
    return newest;
  }

  /** Whose images it names, by name. A global index has tens of thousands of lines: so they are looked through once. */
  get extensions(): readonly IndexedExtension[] {
    this.#extensions ??= extensionsOf(this.text);
    return this.#extensions;
  }

  #textOf(series: string): string {
    return formatSha256Sums(this.#linesOf(series));
  }

  #linesOf(series: string | undefined): readonly IndexEntry[] {
    this.#lines ??= linesBySeries(parseSha256Sums(this.text));
    return series === undefined ? [...this.#lines.values()].flat() : (this.#lines.get(series) ?? []);
  }
}

function extensionsOf(text: string): IndexedExtension[] {
  const images = parseSha256Sums(text).flatMap(({ file }) => parseImageFile(file) ?? []);
  const byExtension = Map.groupBy(images, ({ extension }) => extension);
  return [...byExtension.keys()].sort().map((name) => {
    const all = byExtension.get(name) ?? [];
    const versions = [...new Set(all.map(({ version }) => version))].sort(newestFirst);
    const [version = ""] = versions;
    const arches = ARCHES.filter((arch) => all.some((image) => image.version === version && image.arch === arch));
    return { name, version, arches, releases: versions.length };
  });
}

async function memoryFile(bytes: Uint8Array, modified: Date): Promise<MemoryFile> {
  return { bytes, modified, sha256: await sha256Hex(bytes) };
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
