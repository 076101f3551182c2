/**
 * A metadata release: one whose assets change, as those of `kubernetes` with its index and those of `SHA256SUMS`.
 *
 * GitHub replaces no asset, and an index and its signatures have to change together. So all that a metadata release is
 * to have goes up as a draft, which machines do not see; then the old release is deleted, and the draft published under
 * its tag. Between these two requests there is none: no way is shorter, and a client that meets it tries again. Who is
 * killed there leaves the draft, where the next run finds it.
 *
 * A release can be deleted once, and a tag be taken once: whoever comes too late knows it, and begins anew from what the
 * other one has made.
 */
import { NotFoundError } from "../../system/errors.ts";
import type { GithubAsset, GithubRelease } from "./answers.ts";
import { assetContent, type Content } from "./contents.ts";
import { ChangedMeanwhile } from "./failures.ts";
import type { GithubReleases, Notes } from "./releases.ts";
import { lastSuccessor, successorsIn, successorTitle } from "./successor.ts";

/** Another one has the place by now. */
export class TooLate extends ChangedMeanwhile {
  /** What was to take the place. It stays until there is something in that place: it may be all that there is. */
  readonly late: GithubRelease;

  constructor(late: GithubRelease) {
    super("changed meanwhile");
    this.late = late;
  }
}

export class Metadata {
  readonly tag: string;
  readonly #releases: GithubReleases;
  /** What machines see */
  readonly #current: GithubRelease | undefined;
  /** What it has: where a killed run has left none, the draft that was to take its place */
  readonly #last: GithubRelease | undefined;
  /** Drafts that were seen on the way */
  readonly #drafts: readonly GithubRelease[];

  private constructor(
    releases: GithubReleases,
    tag: string,
    current: GithubRelease | undefined,
    all: readonly GithubRelease[],
  ) {
    this.tag = tag;
    this.#releases = releases;
    this.#current = current;
    this.#drafts = all;
    this.#last = current ?? lastSuccessor(tag, all);
  }

  /**
   * As it is now; what is done with it holds as long as it stays so. One that is not there is looked for among all
   * releases: it may be a draft, or one that GitHub does not find by its tag.
   */
  static async open(releases: GithubReleases, tag: string): Promise<Metadata> {
    const current = await releases.byTag(tag);
    if (current !== undefined) return new Metadata(releases, tag, current, []);
    const all = await releases.all();
    const lost = all.find(({ draft, tag_name }) => !draft && tag_name === tag);
    return new Metadata(releases, tag, lost, all);
  }

  get isThere(): boolean {
    return this.#last !== undefined;
  }

  get isImmutable(): boolean {
    return this.#last?.immutable === true;
  }

  /** Whether machines get such a file. */
  has(file: string): boolean {
    return this.#current !== undefined && this.find(file) !== undefined;
  }

  /** The asset of a file; where a killed run has left no release, the one that was to be there. */
  find(file: string): GithubAsset | undefined {
    return this.#assets.find(({ name }) => name === file);
  }

  /** The text of a file; undefined where there is none. */
  async read(file: string): Promise<string | undefined> {
    return (await this.bytes(file))?.toString("utf8");
  }

  async bytes(file: string): Promise<Buffer | undefined> {
    const asset = this.find(file);
    return asset && (await this.#releases.assets.bytesOf(asset));
  }

  /**
   * Makes files be what they are given as; others stay as they are.
   * @param drafts looks for those that killed runs have left; where others are at it, theirs come too late then
   * @returns names of those that were not
   * @throws TooLate
   */
  async put(contents: readonly Content[], notes: Omit<Notes, "tag">, drafts: () => Promise<GithubRelease[]>) {
    const changes: string[] = [];
    for (const content of contents) if (!(await this.#isPublished(content))) changes.push(content.file);
    if (changes.length === 0) return [];

    const late = successorsIn(this.tag, [...this.#drafts, ...(await drafts())]);
    const files = [...(await this.#others(contents)), ...contents];
    const title = successorTitle(this.tag, { from: this.#last?.id ?? 0, files: files.length });
    const draft = await this.#releases.createDraft({ tag: this.tag, title, body: notes.body });
    if (!(await this.#switchTo(draft, files, notes))) throw new TooLate(draft);
    for (const id of new Set(late.map((other) => other.id))) await this.#releases.delete({ id });
    return changes;
  }

  /** @returns whether it has the place now */
  async #switchTo(draft: GithubRelease, files: readonly Content[], notes: Omit<Notes, "tag">): Promise<boolean> {
    try {
      for (const content of files) await this.#releases.assets.upload(draft, content);
    } catch (error) {
      // What was to be kept is gone, or the draft is.
      if (error instanceof NotFoundError || error instanceof ChangedMeanwhile) return false;
      throw error;
    }
    if (this.#current !== undefined && !(await this.#releases.delete(this.#current))) return false;
    return (await this.#releases.publish(draft, { tag: this.tag, ...notes })) !== undefined;
  }

  get #assets(): readonly GithubAsset[] {
    return (this.#last?.assets ?? []).filter(({ state }) => state === "uploaded");
  }

  /** What it has beside these, as transfer files of older releases. */
  async #others(contents: readonly Content[]): Promise<Content[]> {
    const others = this.#assets.filter(({ name }) => contents.every(({ file }) => file !== name));
    return Promise.all(others.map((asset) => assetContent(asset, this.#releases.assets)));
  }

  async #isPublished(content: Content): Promise<boolean> {
    const current = this.#current && this.find(content.file);
    return current !== undefined && this.#releases.assets.isWhole(current, content);
  }
}
