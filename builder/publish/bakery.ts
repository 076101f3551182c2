/**
 * Publishes to a bakery through its API. Each step can be made again, by whoever comes next: what is there already is
 * not sent, and what somebody else has done meanwhile is not undone.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Draft,
  type ExtensionProfile,
  formatReleaseManifest,
  GLOBAL_INDEX,
  type IndexPut,
  type IndexRequest,
  parseCommitted,
  parseDraft,
  parseIndexPut,
  parseIndexState,
  publicPath,
  type ReleaseManifest,
  releaseName,
} from "../../schema/index.ts";
import { NotFoundError, UserError } from "../system/errors.ts";
import { Http } from "../system/http.ts";
import type { Progress } from "../system/progress.ts";
import { type ApiRequest, type BakeryApi, Refusal } from "./bakery-api.ts";
import { demandClockOf } from "./clock.ts";
import { sendDescriptions, sendProfile } from "./descriptions.ts";
import { type GlobalOptions, nextGlobalIndex, nextIndex, releaseText, type SigningPolicy } from "./index-signer.ts";
import { releasePath } from "./paths.ts";
import { prove } from "./proof.ts";
import type { Describer, LocalRelease, Published, Publisher } from "./publisher.ts";
import { uploadMissing } from "./uploads.ts";

export interface BakeryPublisherOptions {
  readonly api: BakeryApi;
  readonly progress: Progress;
  /** None: indexes are not signed */
  readonly signing?: SigningPolicy | undefined;
  /** Whether to wait until machines see the release, and to read it back then */
  readonly proves: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The indexes that a release is in, in the order in which they are put. */
const SCOPES = [
  { path: "index", next: nextIndex },
  { path: "global-index", next: nextGlobalIndex },
] as const;
type Next = typeof nextGlobalIndex;
/** The answer to a commit may be lost, and the draft is gone once it is made, by us or by somebody else. */
const DRAFT_TRIES = 3;
/** As many others may be faster in turn. */
const INDEX_TRIES = 40;
const LONGEST_PAUSE_MS = 3_000;
const COPY_PAUSE_MS = 500;

export class BakeryPublisher implements Publisher, Describer {
  readonly #options: BakeryPublisherOptions;

  constructor(options: BakeryPublisherOptions) {
    this.#options = options;
  }

  async publish(release: LocalRelease): Promise<Published> {
    const { folder, manifest } = release;
    const { progress, proves } = this.#options;
    const { uploaded, yanked } = await this.#send(folder, manifest);
    // Also where a run before was cut off here.
    await sendDescriptions(release, this.#options);
    if (yanked !== undefined) {
      throw new UserError(`${releaseName(manifest)} is published and withdrawn: ${yanked}`, {
        hint: `./bakery yank ${manifest.extension} ${manifest.version} --undo lists it again`,
      });
    }
    const { changed, effectiveAt } = await progress.step(
      "Putting the indexes",
      () => this.putIndexes(manifest.extension, manifest),
      ({ changed }) => (changed.length === 0 ? "unchanged" : changed.join(", ")),
    );
    if (proves) await this.#prove(manifest, effectiveAt, uploaded);
    return { written: [...uploaded, ...changed], effectiveAt: new Date(effectiveAt) };
  }

  describe(profile: ExtensionProfile): Promise<boolean> {
    return sendProfile(profile, this.#options.api);
  }

  /**
   * Puts the indexes that do not say what is published. Without a release of our own also the extension's that
   * does, as it is: with it the bakery writes its records of all extensions, which it may not have had when it got it.
   * @returns which those were, and from when on all of them are in effect, in milliseconds
   */
  async putIndexes(
    extension: string,
    own?: ReleaseManifest,
    options: GlobalOptions = {},
  ): Promise<{ changed: string[]; effectiveAt: number }> {
    const changed: string[] = [];
    let effectiveAt = 0;
    for (const scope of SCOPES) {
      const next: Next = (state, signing) => scope.next(state, signing, own, options);
      const put = await this.#putIndex(`${extension}/${scope.path}`, next, {
        completes: own === undefined && scope.path === "index",
      });
      if (!put.unchanged) changed.push(scope.path);
      effectiveAt = Math.max(effectiveAt, Date.parse(put.effectiveAt));
    }
    return { changed, effectiveAt };
  }

  /** As machines see it; undefined: nothing is published. */
  async globalIndex(): Promise<string | undefined> {
    const { api, signal } = this.#options;
    const answer = await new Http({ signal }).read(api.url + publicPath(GLOBAL_INDEX)).catch((error) => {
      if (!(error instanceof NotFoundError)) throw error;
    });
    return answer?.text;
  }

  /** @returns what was changed */
  async reindex(extension: string, options?: GlobalOptions): Promise<string[]> {
    const { changed } = await this.putIndexes(extension, undefined, options);
    return changed.map((scope) => `${extension}/${scope}`);
  }

  /** Sends what is missing, and commits it; begun again where somebody else has committed the same release meanwhile. */
  async #send(folder: string, manifest: ReleaseManifest): Promise<{ uploaded: string[]; yanked?: string | undefined }> {
    const { api, progress } = this.#options;
    const uploaded: string[] = [];
    for (let tries = 1; ; tries += 1) {
      const draft = await this.#draft(manifest);
      if (draft.state === "published") return { uploaded, yanked: draft.yanked };
      const upload = () => uploadMissing(draft, { api, release: manifest, folder, progress });
      try {
        const sent = await progress.step("Uploading", upload, (files) => files.join(", ") || "everything is there");
        uploaded.push(...sent.filter((file) => !uploaded.includes(file)));
        await progress.step(
          "Committing",
          () => this.#commit(manifest, draft.draft),
          () => releaseName(manifest),
        );
        return { uploaded };
      } catch (error) {
        const isGone = error instanceof Refusal && (error.code === "no_draft" || error.code === "incomplete");
        if (!isGone || tries === DRAFT_TRIES) throw error;
      }
    }
  }

  async #draft(manifest: ReleaseManifest): Promise<Draft> {
    const body = () => formatReleaseManifest(manifest);
    return this.#sendInTime({ method: "POST", path: releasePath(manifest), body, headers: JSON_BODY }, parseDraft);
  }

  /** Sends what comes before something is signed, which has the time in it. */
  async #sendInTime<T>(request: ApiRequest, parse: (json: string) => T): Promise<T> {
    const { api, signing } = this.#options;
    let time: string | null = null;
    const onHeaders = (headers: Headers) => {
      time = headers.get("date");
    };
    const answer = await api.send({ ...request, onHeaders }, parse);
    if (signing !== undefined) demandClockOf(time);
    return answer;
  }

  async #commit(manifest: ReleaseManifest, draft: string): Promise<void> {
    const { api, signing, signal } = this.#options;
    const signature = await signing?.key.sign(releaseText(manifest));
    const request = {
      method: "POST",
      path: `${releasePath(manifest)}/commit`,
      headers: { ...JSON_BODY, "if-match": `"${draft}"` },
      body: () => JSON.stringify({ ...(signature !== undefined && { signature }) }),
    } as const;
    for (;;) {
      if ((await api.send(request, parseCommitted)).state === "published") return;
      await sleep(COPY_PAUSE_MS, undefined, signal && { signal });
    }
  }

  async #putIndex(path: string, next: Next, { completes }: { readonly completes: boolean }): Promise<IndexPut> {
    const { signing, signal } = this.#options;
    for (let tries = 1; ; tries += 1) {
      const state = await this.#sendInTime({ method: "GET", path }, parseIndexState);
      const { last } = state;
      const request = (await next(state, signing)) ?? (completes && last !== null ? asItIs(last) : undefined);
      if (request === undefined)
        return { unchanged: true, effectiveAt: last?.effectiveAt ?? new Date(0).toISOString() };
      try {
        return await this.#put(path, request, state.etag);
      } catch (error) {
        const isRace = error instanceof Refusal && (error.code === "index_changed" || error.code === "index_mismatch");
        if (!isRace || tries === INDEX_TRIES) throw error;
      }
      await sleep(Math.random() * Math.min(100 * 2 ** tries, LONGEST_PAUSE_MS), undefined, signal && { signal });
    }
  }

  #put(path: string, request: IndexRequest, etag: string | null): Promise<IndexPut> {
    const condition: Record<string, string> = etag === null ? { "if-none-match": "*" } : { "if-match": `"${etag}"` };
    const headers = { ...JSON_BODY, ...condition };
    return this.#options.api.send({ method: "PUT", path, headers, body: () => JSON.stringify(request) }, parseIndexPut);
  }

  async #prove(manifest: ReleaseManifest, effectiveAt: number, uploaded: readonly string[]): Promise<void> {
    const { api, progress, signing, signal } = this.#options;
    const options = {
      url: api.url,
      http: new Http({ signal, onWait: (line) => progress.note(line) }),
      keyring: signing?.trusted,
      whole: new Set(uploaded),
      signal,
    };
    const wait = Math.ceil((effectiveAt - Date.now()) / 1000);
    const title = wait > 0 ? `Waiting ${wait} s, then proving` : "Proving";
    const outcome = signing === undefined ? "index and images agree" : "index, signatures and images agree";
    await progress.step(
      title,
      () => prove(manifest, effectiveAt, options),
      () => outcome,
    );
  }
}

function asItIs({ text, signatures }: IndexRequest): IndexRequest {
  return { text, signatures };
}

const JSON_BODY = { "content-type": "application/json" } as const;
