/**
 * GitHub's REST API, as far as builds need it.
 *
 * https://docs.github.com/en/rest/releases/releases
 */
import * as v from "valibot";
import { NotFoundError, UpstreamError } from "../system/errors.ts";
import type { Http } from "../system/http.ts";

export interface GitHubOptions {
  readonly http: Http;
  /** `GITHUB_API_URL`, as GitHub Actions sets it */
  readonly apiUrl: string;
  readonly token?: string | undefined;
}

const release = v.object({ tag_name: v.string(), draft: v.boolean(), prerelease: v.boolean() });
const releaseAssets = v.object({
  assets: v.array(v.object({ name: v.string(), digest: v.nullish(v.string()) })),
});
const PAGE_SIZE = 100;
/** GitHub lists no more than 10 000 releases. */
const MAX_PAGES = 100;

export class GitHub {
  readonly #http: Http;
  readonly #apiUrl: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ http, apiUrl, token }: GitHubOptions) {
    this.#http = http;
    this.#apiUrl = apiUrl.replace(/\/+$/, "");
    this.#headers = {
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
      ...(token && { authorization: `Bearer ${token}` }),
    };
  }

  /** The tags of all releases, drafts and prereleases apart, in GitHub's order. */
  async releaseTags(repository: string): Promise<string[]> {
    const tags: string[] = [];
    let url: string | undefined = `${this.#apiUrl}/repos/${repository}/releases?per_page=${PAGE_SIZE}`;
    for (let page = 1; url !== undefined && page <= MAX_PAGES; page++) {
      const { value, headers } = await this.#http.json(url, this.#headers);
      const releases = parse(v.array(release), url, value);
      tags.push(...releases.filter((one) => !one.draft && !one.prerelease).map((one) => one.tag_name));
      url = this.#nextPage(url, headers.get("link"));
    }
    return tags;
  }

  /**
   * The sha256 of a release's asset; undefined where GitHub states none, as for assets from before June 2025.
   * @throws NotFoundError for a release or an asset that is not there
   */
  async assetDigest(repository: string, tag: string, file: string): Promise<string | undefined> {
    const url = `${this.#apiUrl}/repos/${repository}/releases/tags/${encodeURIComponent(tag)}`;
    const { value } = await this.#http.json(url, this.#headers);
    const { assets } = parse(releaseAssets, url, value);
    const asset = assets.find(({ name }) => name === file);
    if (asset === undefined) {
      throw new NotFoundError(`release ${tag} of ${repository} has no file ${file}`, {
        details: { url },
        hint: `it has ${assets.map(({ name }) => name).join(", ") || "no files at all"}`,
      });
    }
    return /^sha256:(?<hex>[0-9a-f]{64})$/.exec(asset.digest ?? "")?.groups?.hex;
  }

  /**
   * RFC 8288
   * @throws UpstreamError for a next page elsewhere than at the API: it would get our token, and without it the list
   * would end early and nobody would notice
   */
  #nextPage(url: string, link: string | null): string | undefined {
    const target = /<(?<url>[^>]+)>;\s*rel="next"/.exec(link ?? "")?.groups?.url;
    if (target === undefined) return undefined;
    const next = URL.parse(target, url);
    if (next?.origin === new URL(this.#apiUrl).origin) return next.href;
    throw new UpstreamError("GitHub's list goes on at another server", {
      details: { url, next: target },
      hint: "set GITHUB_API_URL to where the API says that it is",
    });
  }
}

function parse<const S extends v.GenericSchema>(schema: S, url: string, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const where = v.getDotPath(result.issues[0]) ?? "the answer";
  throw new UpstreamError("unexpected answer of GitHub's API", {
    details: { url, problem: `${where}: ${result.issues[0].message}` },
  });
}
