/**
 * Releases of a repository on GitHub and their assets, as far as publishing needs them. What was uploaded is held
 * against its digest, and what came to nothing on the way is removed and sent again.
 *
 * https://docs.github.com/en/rest/releases/releases
 * https://docs.github.com/en/rest/releases/assets
 */
import * as v from "valibot";
import { InvalidInput } from "../../../schema/index.ts";
import { NotFoundError, UpstreamError, UserError } from "../../system/errors.ts";
import type { Progress } from "../../system/progress.ts";
import { check, nextPage } from "../../versions/read-answer.ts";
import { changed } from "../publisher.ts";
import { MeteredBlob } from "../uploads.ts";
import { type GithubApi, UncertainError, UnprocessableError } from "./api.ts";
import type { Content } from "./contents.ts";

const asset = v.object({
  id: v.number(),
  name: v.string(),
  /** `uploaded`, or `starter`: an upload that came to nothing, or that is under way */
  state: v.string(),
  size: v.number(),
  /** `sha256:…`; assets from before June 2025 have none */
  digest: v.nullish(v.string()),
});
const release = v.object({
  id: v.number(),
  tag_name: v.string(),
  draft: v.boolean(),
  /** Where a repository has immutable releases, nothing of a published one can be changed */
  immutable: v.nullish(v.boolean()),
  published_at: v.nullish(v.string()),
  upload_url: v.string(),
  assets: v.array(asset),
});
export type GithubAsset = v.InferOutput<typeof asset>;
export type GithubRelease = v.InferOutput<typeof release>;

/** What people see of a release. */
export interface Notes {
  readonly tag: string;
  readonly title: string;
  readonly body: string;
  /** Shown as the repository's latest release */
  readonly isLatest?: boolean;
}

const WHO = "GitHub's API";
const PAGE_SIZE = 100;
/** GitHub lists no more than 10 000 releases. */
const MAX_PAGES = 100;
const TRIES = 6;
/** An upload under a name that is taken may be somebody else's, who is still at it. */
const PATIENT_TRIES = 4;

export class GithubReleases {
  readonly repository: string;
  readonly #api: GithubApi;
  readonly #progress: Progress;

  constructor(api: GithubApi, progress: Progress) {
    this.repository = api.repository;
    this.#api = api;
    this.#progress = progress;
  }

  /** The published release of a tag. */
  async byTag(tag: string): Promise<GithubRelease | undefined> {
    try {
      return await this.#read(this.#api.urlOf(`releases/tags/${encodeURIComponent(tag)}`));
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  /**
   * The draft of a tag that a killed run has left: looked for among the newest hundred releases only, for a draft has
   * no other address than its number. One that is older is not found, and made anew.
   */
  async draftOf(tag: string): Promise<GithubRelease | undefined> {
    const { releases } = await this.#page(this.#firstPage);
    return releases.find(({ draft, tag_name }) => draft && tag_name === tag);
  }

  /** All releases that are published. */
  async all(): Promise<GithubRelease[]> {
    const all: GithubRelease[] = [];
    let url: string | undefined = this.#firstPage;
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const { releases, next }: { releases: GithubRelease[]; next: string | undefined } = await this.#page(url);
      all.push(...releases.filter(({ draft }) => !draft));
      if (next === undefined) return all;
      url = next;
    }
    throw new UpstreamError(`GitHub's list has more than ${MAX_PAGES} pages`, { details: { url: this.#firstPage } });
  }

  async createDraft({ tag, title, body }: Notes): Promise<GithubRelease> {
    const json = { tag_name: tag, name: title, body, draft: true, make_latest: "false" };
    try {
      return await this.#create(json);
    } catch (error) {
      const made = error instanceof UncertainError ? await this.draftOf(tag) : undefined;
      if (made === undefined) throw error;
      return made;
    }
  }

  /** Publishes a release without files. One that is there already is as good. */
  async createEmpty({ tag, title, body, isLatest = false }: Notes): Promise<GithubRelease> {
    try {
      return await this.#create({ tag_name: tag, name: title, body, draft: false, make_latest: String(isLatest) });
    } catch (error) {
      const isThere = error instanceof UncertainError || (error instanceof UnprocessableError && error.isTaken);
      const made = isThere ? await this.byTag(tag) : undefined;
      if (made === undefined) throw error;
      return made;
    }
  }

  /** @returns undefined where the tag has a published release, which is another one */
  async publishDraft({ id }: GithubRelease): Promise<GithubRelease | undefined> {
    const json = { draft: false, make_latest: "false" };
    try {
      const value = await this.#api.write({ method: "PATCH", url: this.#api.urlOf(`releases/${id}`), json });
      return check(value, release, this.#api.urlOf(`releases/${id}`), WHO);
    } catch (error) {
      if (error instanceof UnprocessableError && error.isTaken) return undefined;
      throw error;
    }
  }

  async deleteDraft({ id }: GithubRelease): Promise<void> {
    await this.#delete(this.#api.urlOf(`releases/${id}`));
  }

  /** @returns whether it was there */
  async deleteAsset({ id }: GithubAsset): Promise<boolean> {
    return this.#delete(this.#urlOf(id));
  }

  /** @returns whether it has the name now: not where it is gone, or another one has the name */
  async renameAsset({ id }: GithubAsset, name: string): Promise<boolean> {
    try {
      await this.#api.write({ method: "PATCH", url: this.#urlOf(id), json: { name } });
      return true;
    } catch (error) {
      if (error instanceof NotFoundError || (error instanceof UnprocessableError && error.isTaken)) return false;
      throw error;
    }
  }

  /**
   * Uploads a file, unless it has arrived meanwhile. What came to nothing is removed; what is published never is.
   * @throws InvalidInput where other bytes are published under the name
   */
  async upload(to: GithubRelease, content: Content): Promise<GithubAsset> {
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.#send(to, content).catch((error: unknown) => error);
      if (outcome instanceof Error) {
        const there = await this.#arrived(to, content, outcome, tries);
        if (there !== undefined) return there;
      } else {
        const sent = outcome as GithubAsset;
        if (sent.name !== content.file) throw renamed(content.file, sent.name);
        if (await this.isWhole(sent, content)) return sent;
        await this.deleteAsset(sent);
        if (tries === TRIES) throw changed(content.file, content.sha256, sent.digest ?? "unknown");
      }
      await this.#api.pause(tries);
    }
  }

  /** What there is of a file whose upload failed, if it is whole; what is not makes room for the next try. */
  async #arrived(to: GithubRelease, content: Content, failure: Error, tries: number): Promise<GithubAsset | undefined> {
    const isClash = failure instanceof UnprocessableError && failure.isTaken;
    if (!isClash && !(failure instanceof UncertainError)) throw failure;
    const now = await this.#read(this.#api.urlOf(`releases/${to.id}`));
    const there = now.assets.find(({ name }) => name === content.file);
    if (there !== undefined && (await this.isWhole(there, content))) return there;
    if (!now.draft && there?.state === "uploaded") throw otherFiles(now.tag_name);
    if (tries === TRIES) throw failure;
    if (there !== undefined && (!isClash || tries >= PATIENT_TRIES)) await this.deleteAsset(there);
    return undefined;
  }

  /** Whether it has arrived as it is meant to be. Where GitHub states no digest, its bytes are read. */
  async isWhole(asset: GithubAsset, { size, sha256 }: Pick<Content, "size" | "sha256">): Promise<boolean> {
    return asset.state === "uploaded" && asset.size === size && (await this.sha256Of(asset)) === sha256;
  }

  async sha256Of({ id, digest }: GithubAsset): Promise<string> {
    const stated = /^sha256:(?<hex>[0-9a-f]{64})$/.exec(digest ?? "")?.groups?.hex;
    return stated ?? this.#api.sha256(this.#urlOf(id));
  }

  async bytesOf({ id }: GithubAsset): Promise<Buffer> {
    return this.#api.bytes(this.#urlOf(id));
  }

  /** @see GithubApi.pause */
  async pause(tries: number): Promise<void> {
    await this.#api.pause(tries);
  }

  get #firstPage(): string {
    return this.#api.urlOf(`releases?per_page=${PAGE_SIZE}`);
  }

  #urlOf(asset: number): string {
    return this.#api.urlOf(`releases/assets/${asset}`);
  }

  async #read(url: string): Promise<GithubRelease> {
    return check((await this.#api.read(url)).value, release, url, WHO);
  }

  async #page(url: string): Promise<{ releases: GithubRelease[]; next: string | undefined }> {
    const { value, headers } = await this.#api.read(url);
    const next = nextPage({ url, bytes: Buffer.of(), link: headers.get("link") ?? "" });
    if (next !== undefined && new URL(next).origin !== new URL(url).origin) {
      // It would get our token.
      throw new UpstreamError("GitHub's list goes on at another server", { details: { url, next } });
    }
    return { releases: check(value, v.array(release), url, WHO), next };
  }

  async #create(json: unknown): Promise<GithubRelease> {
    const url = this.#api.urlOf("releases");
    return check(await this.#api.writeOnce({ method: "POST", url, json }), release, url, WHO);
  }

  async #delete(url: string): Promise<boolean> {
    try {
      await this.#api.write({ method: "DELETE", url });
      return true;
    } catch (error) {
      if (error instanceof NotFoundError) return false;
      throw error;
    }
  }

  async #send(to: GithubRelease, { file, size, open }: Content): Promise<GithubAsset> {
    const url = this.#api.uploadUrl(to.upload_url, file);
    const bytes = await open();
    const transfer = this.#progress.transfer(file, size);
    try {
      const blob = (progressed: () => void) =>
        new MeteredBlob(bytes, (count) => {
          transfer.advance(count);
          progressed();
        });
      return check(await this.#api.writeOnce({ method: "POST", url, blob }), asset, url, WHO);
    } finally {
      transfer.end();
    }
  }
}

export function otherFiles(tag: string): InvalidInput {
  return new InvalidInput("release", `${tag} is published already, with other files`);
}

/** GitHub replaces what it does not like in a name by dots, and does not say which characters these are. */
function renamed(file: string, name: string): UserError {
  return new UserError(`GitHub calls ${file} by another name: ${name}`, {
    hint: "machines would not find it; choose a name without special characters",
  });
}
