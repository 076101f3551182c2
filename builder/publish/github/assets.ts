/**
 * Files of releases on GitHub. What was uploaded is held against its digest, and what came to nothing on the way is
 * removed and sent again.
 *
 * https://docs.github.com/en/rest/releases/assets
 */
import { sha256Of } from "../../system/digest.ts";
import { NotFoundError, UpstreamError, UserError } from "../../system/errors.ts";
import type { Progress } from "../../system/progress.ts";
import { changed } from "../publisher.ts";
import { MeteredBlob } from "../uploads.ts";
import { type GithubAsset, type GithubRelease, parseAsset, parseRelease } from "./answers.ts";
import type { GithubApi } from "./api.ts";
import type { Content } from "./contents.ts";
import { ChangedMeanwhile, UncertainError, UnprocessableError } from "./failures.ts";

const TRIES = 6;
/** An upload under a name that is taken may be somebody else's, who is still at it. */
const PATIENT_TRIES = 4;

export class GithubAssets {
  readonly #api: GithubApi;
  readonly #progress: Progress;

  constructor(api: GithubApi, progress: Progress) {
    this.#api = api;
    this.#progress = progress;
  }

  /**
   * Uploads a file, unless it has arrived meanwhile. What came to nothing is removed.
   * @throws ChangedMeanwhile where somebody else has put other bytes under the name
   * @throws NotFoundError where the release is gone
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
        await this.delete(sent);
        if (tries === TRIES) throw changed(content.file, content.sha256, sent.digest ?? "unknown");
      }
      await this.#api.pause(tries);
    }
  }

  /** What there is of a file whose upload failed, if it is whole; what is not makes room for the next try. */
  async #arrived(to: GithubRelease, content: Content, failure: Error, tries: number): Promise<GithubAsset | undefined> {
    const isClash = failure instanceof UnprocessableError && failure.isTaken;
    // To a release that is gone nobody may upload.
    const isGone = failure.cause instanceof NotFoundError;
    if (!isClash && !isGone && !(failure instanceof UncertainError)) throw failure;
    const url = this.#api.urlOf(`releases/${to.id}`);
    const now = parseRelease(url, (await this.#api.read(url)).value);
    const there = now.assets.find(({ name }) => name === content.file);
    if (there !== undefined && (await this.isWhole(there, content))) return there;
    if (there?.state === "uploaded" && (isClash || !now.draft)) throw new ChangedMeanwhile(`another ${content.file}`);
    if (tries === TRIES || isGone) throw failure;
    if (there !== undefined && (!isClash || tries >= PATIENT_TRIES)) await this.delete(there);
    return undefined;
  }

  /** Whether it has arrived as it is meant to be. Where GitHub states no digest, its bytes are read. */
  async isWhole(asset: GithubAsset, { size, sha256 }: Pick<Content, "size" | "sha256">): Promise<boolean> {
    return asset.state === "uploaded" && asset.size === size && (await this.sha256Of(asset)) === sha256;
  }

  async sha256Of(asset: GithubAsset): Promise<string> {
    return statedSha256(asset) ?? this.#api.sha256(this.#urlOf(asset));
  }

  /** Where GitHub states a digest, from where anybody gets it, if that is so: this is no request of the API's. */
  async bytesOf(asset: GithubAsset): Promise<Buffer> {
    const sha256 = statedSha256(asset);
    const url = sha256 === undefined ? undefined : asset.browser_download_url;
    const bytes = url ? await this.#api.publicBytes(url).catch(unlessRefused) : undefined;
    return bytes !== undefined && sha256Of(bytes) === sha256 ? bytes : this.#api.bytes(this.#urlOf(asset));
  }

  /** @returns whether it was there */
  async delete(asset: GithubAsset): Promise<boolean> {
    return this.#api.delete(this.#urlOf(asset));
  }

  #urlOf({ id }: GithubAsset): string {
    return this.#api.urlOf(`releases/assets/${id}`);
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
      return parseAsset(url, await this.#api.writeOnce({ method: "POST", url, blob }));
    } finally {
      transfer.end();
    }
  }
}

/** GitHub replaces what it does not like in a name by dots, and does not say which characters these are. */
function renamed(file: string, name: string): UserError {
  return new UserError(`GitHub calls ${file} by another name: ${name}`, {
    hint: "machines would not find it; choose a name without special characters",
  });
}

function statedSha256({ digest }: GithubAsset): string | undefined {
  return /^sha256:(?<hex>[0-9a-f]{64})$/.exec(digest ?? "")?.groups?.hex;
}

function unlessRefused(error: unknown): undefined {
  if (!(error instanceof UpstreamError)) throw error;
}
