/**
 * GitHub's REST API, as far as builds need it.
 *
 * https://docs.github.com/en/rest/releases/releases
 * https://docs.github.com/en/rest/repos/repos#list-repository-tags
 */
import * as v from "valibot";
import { NotFoundError, UpstreamError } from "../system/errors.ts";
import type { Headings, Http } from "../system/http.ts";
import type { Answer, Answers } from "./answers.ts";
import { check, nextPage, readJson } from "./read-answer.ts";

export interface GitHubOptions {
  readonly http: Http;
  readonly answers: Answers;
  /** `GITHUB_API_URL`, as GitHub Actions sets it */
  readonly apiUrl: string;
  readonly token?: string | undefined;
}

const WHO = "GitHub's API";
const release = v.object({ tag_name: v.string(), draft: v.boolean(), prerelease: v.boolean() });
const tag = v.object({ name: v.string() });
const releaseAssets = v.object({
  assets: v.array(v.object({ name: v.string(), digest: v.nullish(v.string()) })),
});
type Asset = v.InferOutput<typeof releaseAssets>["assets"][number];
const PAGE_SIZE = 100;
/** GitHub lists no more than 10 000 releases. */
const MAX_PAGES = 100;

export class GitHub {
  readonly #http: Http;
  readonly #answers: Answers;
  readonly #apiUrl: string;
  readonly #headers: Headings;
  /** By URL: several files of a release are asked for, and for both architectures. */
  readonly #assets = new Map<string, Promise<readonly Asset[]>>();

  constructor({ http, answers, apiUrl, token }: GitHubOptions) {
    this.#http = http;
    this.#answers = answers;
    this.#apiUrl = apiUrl.replace(/\/+$/, "");
    this.#headers = {
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
      ...(token && { authorization: `Bearer ${token}` }),
    };
  }

  /** The tags of all releases, drafts and prereleases apart, in GitHub's order. */
  async releaseTags(repository: string): Promise<string[]> {
    const releases = await this.#pages(`/repos/${repository}/releases`, release);
    return releases.filter((one) => !one.draft && !one.prerelease).map((one) => one.tag_name);
  }

  /** All tags, in GitHub's order. */
  async tags(repository: string): Promise<string[]> {
    return (await this.#pages(`/repos/${repository}/tags`, tag)).map(({ name }) => name);
  }

  /**
   * The sha256 of a release's asset; undefined where GitHub states none, as for assets from before June 2025.
   * @throws NotFoundError for a release or an asset that is not there
   */
  async assetDigest(repository: string, tagName: string, file: string): Promise<string | undefined> {
    const url = `${this.#apiUrl}/repos/${repository}/releases/tags/${encodeURIComponent(tagName)}`;
    const asked = this.#assets.get(url) ?? this.#assetsAt(url);
    this.#assets.set(url, asked);
    const assets = await asked;
    const asset = assets.find(({ name }) => name === file);
    if (asset === undefined) {
      throw new NotFoundError(`release ${tagName} of ${repository} has no file ${file}`, {
        details: { url },
        hint: `it has ${assets.map(({ name }) => name).join(", ") || "no files at all"}`,
      });
    }
    return /^sha256:(?<hex>[0-9a-f]{64})$/.exec(asset.digest ?? "")?.groups?.hex;
  }

  async #assetsAt(url: string): Promise<readonly Asset[]> {
    const { value } = await this.#http.json(url, this.#headers);
    return check(value, releaseAssets, url, WHO).assets;
  }

  /**
   * @throws UpstreamError for a next page elsewhere than at the API: it would get our token, and without it the list
   * would end early and nobody would notice; and for a list that does not end
   */
  async #pages<const S extends v.GenericSchema>(path: string, item: S): Promise<v.InferOutput<S>[]> {
    const start = `${this.#apiUrl}${path}?per_page=${PAGE_SIZE}`;
    const read = (answer: Answer) => {
      const items = readJson(answer, v.array(item), WHO) as v.InferOutput<S>[];
      return { items, next: this.#checkedNext(answer) };
    };
    const all: v.InferOutput<S>[] = [];
    let url = start;
    for (let page = 1; page <= MAX_PAGES; page++) {
      const { items, next } = await this.#answers.get(url, read, this.#headers);
      all.push(...items);
      if (next === undefined) return all;
      url = next;
    }
    throw new UpstreamError(`GitHub's list has more than ${MAX_PAGES} pages`, { details: { url: start } });
  }

  #checkedNext(answer: Answer): string | undefined {
    const next = nextPage(answer);
    if (next === undefined || URL.parse(next)?.origin === new URL(this.#apiUrl).origin) return next;
    throw new UpstreamError("GitHub's list goes on at another server", {
      details: { url: answer.url, next },
      hint: "set GITHUB_API_URL to where the API says that it is",
    });
  }
}
