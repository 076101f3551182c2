/**
 * Releases of a repository on GitHub, as far as publishing needs them.
 *
 * https://docs.github.com/en/rest/releases/releases
 */
import { NotFoundError, UpstreamError } from "../../system/errors.ts";
import type { Progress } from "../../system/progress.ts";
import { nextPage } from "../../versions/read-answer.ts";
import { type GithubRelease, parseRelease, parseReleases } from "./answers.ts";
import type { GithubApi } from "./api.ts";
import { GithubAssets } from "./assets.ts";
import { UncertainError, UnprocessableError } from "./failures.ts";

/** What people see of a release. */
export interface Notes {
  readonly tag: string;
  readonly title: string;
  readonly body: string;
  /** Shown as the repository's latest release */
  readonly isLatest?: boolean;
}

const PAGE_SIZE = 100;
/** GitHub lists no more than 10 000 releases. */
const MAX_PAGES = 100;

export class GithubReleases {
  readonly repository: string;
  readonly assets: GithubAssets;
  readonly #api: GithubApi;

  constructor(api: GithubApi, progress: Progress) {
    this.repository = api.repository;
    this.assets = new GithubAssets(api, progress);
    this.#api = api;
  }

  /** @see GithubApi.time */
  get time(): string | null {
    return this.#api.time;
  }

  /** The published release of a tag. */
  async byTag(tag: string): Promise<GithubRelease | undefined> {
    const url = this.#api.urlOf(`releases/tags/${encodeURIComponent(tag)}`);
    try {
      return parseRelease(url, (await this.#api.read(url)).value);
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  /** Drafts among the first hundred releases of the list: they have no other address than their number. */
  async drafts(): Promise<GithubRelease[]> {
    const { releases } = await this.#page(this.#firstPage);
    return releases.filter(({ draft }) => draft);
  }

  /** All releases, drafts too. GitHub promises no order. */
  async all(): Promise<GithubRelease[]> {
    const all: GithubRelease[] = [];
    let url: string | undefined = this.#firstPage;
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const { releases, next }: { releases: GithubRelease[]; next: string | undefined } = await this.#page(url);
      all.push(...releases);
      if (next === undefined) return all;
      url = next;
    }
    throw new UpstreamError(`GitHub's list has more than ${MAX_PAGES} pages`, { details: { url: this.#firstPage } });
  }

  async createDraft({ tag, title, body }: Notes): Promise<GithubRelease> {
    const url = this.#api.urlOf("releases");
    const json = { tag_name: tag, name: title, body, draft: true, make_latest: "false" };
    try {
      return parseRelease(url, await this.#api.writeOnce({ method: "POST", url, json }));
    } catch (error) {
      const drafts = error instanceof UncertainError ? await this.drafts() : [];
      const made = drafts.find(({ tag_name, name }) => tag_name === tag && name === title);
      if (made === undefined) throw error;
      return made;
    }
  }

  /** @returns undefined where the tag has a published release, which is another one, or where the draft is gone */
  async publish(
    draft: GithubRelease,
    { tag, title, isLatest = false }: Omit<Notes, "body">,
  ): Promise<GithubRelease | undefined> {
    const url = this.#urlOf(draft);
    // Of a draft that is changed without its tag, GitHub may forget it.
    const json = { tag_name: tag, name: title, draft: false, make_latest: String(isLatest) };
    try {
      return parseRelease(url, await this.#api.write({ method: "PATCH", url, json }));
    } catch (error) {
      const isTaken = error instanceof UnprocessableError && error.isTaken;
      if (isTaken || error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  /**
   * Its tag stays, and so does what the tag points at.
   * @returns whether it was there
   */
  async delete(release: Pick<GithubRelease, "id">): Promise<boolean> {
    return this.#api.delete(this.#urlOf(release));
  }

  /** @see GithubApi.pause */
  async pause(tries: number): Promise<void> {
    await this.#api.pause(tries);
  }

  get #firstPage(): string {
    return this.#api.urlOf(`releases?per_page=${PAGE_SIZE}`);
  }

  #urlOf({ id }: Pick<GithubRelease, "id">): string {
    return this.#api.urlOf(`releases/${id}`);
  }

  async #page(url: string): Promise<{ releases: GithubRelease[]; next: string | undefined }> {
    const { value, headers } = await this.#api.read(url);
    const next = nextPage({ url, bytes: Buffer.of(), link: headers.get("link") ?? "" });
    if (next !== undefined && new URL(next).origin !== new URL(url).origin) {
      // It would get our token.
      throw new UpstreamError("GitHub's list goes on at another server", { details: { url, next } });
    }
    return { releases: parseReleases(url, value), next };
  }
}
