/**
 * A metadata release: one whose assets change, as those of `kubernetes` with its index and those of `SHA256SUMS`.
 *
 * GitHub replaces no asset, and no two have the same name. So new bytes go up under another name, which says whose place
 * they take; then the old asset is deleted and the new one gets the name. Between these two requests there is none: no
 * way is shorter, and a client that meets it tries again. Who is killed there leaves the new one under its other name,
 * where the next run finds it.
 *
 * An asset can be deleted once, and a name be taken once: whoever comes too late knows it, and begins anew from what the
 * other one has made.
 */
import { randomBytes } from "node:crypto";
import type { Content } from "./contents.ts";
import type { GithubAsset, GithubRelease, GithubReleases, Notes } from "./releases.ts";

/** Somebody else was faster. */
export class ChangedMeanwhile extends Error {
  /** What was to take a place. It stays until there is something in that place: it may be all that there is. */
  readonly late: readonly GithubAsset[];

  constructor(late: readonly GithubAsset[]) {
    super("changed meanwhile");
    this.late = late;
  }
}

/** `SHA256SUMS.next-0123456789ab`: nobody else's, for only who knows that it is his own may take it back */
const NEXT = /^(?<file>.+)\.next-[0-9a-f]{12}$/;

export class Metadata {
  readonly tag: string;
  readonly #releases: GithubReleases;
  readonly #release: GithubRelease | undefined;

  private constructor(releases: GithubReleases, tag: string, release: GithubRelease | undefined) {
    this.tag = tag;
    this.#releases = releases;
    this.#release = release;
  }

  /** As it is now; what is done with it holds as long as it stays so. */
  static async open(releases: GithubReleases, tag: string): Promise<Metadata> {
    return new Metadata(releases, tag, await releases.byTag(tag));
  }

  get isThere(): boolean {
    return this.#release !== undefined;
  }

  get isImmutable(): boolean {
    return this.#release?.immutable === true;
  }

  has(file: string): boolean {
    return this.#assets.some(({ name, state }) => name === file && state === "uploaded");
  }

  /** The asset of a file; where a killed run has left none, those that were to take its place, the largest first. */
  find(file: string): GithubAsset[] {
    const whole = this.#assets.filter(({ state }) => state === "uploaded");
    const current = whole.filter(({ name }) => name === file);
    return current.length > 0 ? current : this.#next(file, whole).toSorted((a, b) => b.size - a.size);
  }

  /** All assets of a file, those too that were to take its place. */
  findAll(file: string): GithubAsset[] {
    return [...new Set([...this.find(file), ...this.#next(file, this.#assets)])].filter(
      ({ state }) => state === "uploaded",
    );
  }

  /** Its text; undefined where there is none. */
  async read(file: string): Promise<string | undefined> {
    const [asset] = this.find(file);
    return asset && (await this.#releases.bytesOf(asset)).toString("utf8");
  }

  /**
   * Makes files be what they are given as, in this order.
   * @returns names of those that were not
   * @throws ChangedMeanwhile
   */
  async put(contents: readonly Content[], notes: Omit<Notes, "tag">): Promise<string[]> {
    const changes: Content[] = [];
    for (const content of contents) if (!(await this.#isThere(content))) changes.push(content);
    if (changes.length === 0) return [];

    const release = this.#release ?? (await this.#releases.createEmpty({ tag: this.tag, ...notes }));
    const next: GithubAsset[] = [];
    for (const content of changes) {
      const file = `${content.file}.next-${randomBytes(6).toString("hex")}`;
      next.push(await this.#releases.upload(release, { ...content, file }));
    }
    for (const [at, { file }] of changes.entries()) {
      const [asset] = next.slice(at);
      if (asset === undefined || !(await this.#switch(file, asset))) throw new ChangedMeanwhile(next.slice(at));
    }
    // Those that were to take the place of what we have replaced are too late.
    for (const { file } of changes) await this.delete(this.#next(file, this.#assets));
    return changes.map(({ file }) => file);
  }

  async delete(assets: readonly GithubAsset[]): Promise<void> {
    for (const asset of assets) await this.#releases.deleteAsset(asset);
  }

  async #switch(file: string, next: GithubAsset): Promise<boolean> {
    const old = this.#assets.find(({ name }) => name === file);
    if (old !== undefined && !(await this.#releases.deleteAsset(old))) return false;
    return this.#releases.renameAsset(next, file);
  }

  get #assets(): readonly GithubAsset[] {
    return this.#release?.assets ?? [];
  }

  #next(file: string, among: readonly GithubAsset[]): GithubAsset[] {
    return among.filter(({ name }) => NEXT.exec(name)?.groups?.file === file);
  }

  async #isThere(content: Content): Promise<boolean> {
    const current = this.#assets.find(({ name }) => name === content.file);
    return current !== undefined && this.#releases.isWhole(current, content);
  }
}
