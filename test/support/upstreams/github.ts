/**
 * GitHub as builds and bakeries see it: the REST API's releases, tags and assets, with pages, drafts, ETags and rate limits,
 * and downloads that redirect to another host. Runs in Node and in workerd.
 *
 * https://docs.github.com/en/rest/releases/releases
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
import { type IRequest, IttyRouter, json } from "itty-router";
import { sha256Of, withEntityTag } from "./entity-tag.ts";
import type { Host } from "./host.ts";

export interface FakeRelease {
  readonly tag: string;
  readonly draft?: boolean;
  readonly prerelease?: boolean;
  /** File names and contents */
  readonly assets?: Readonly<Record<string, string | Uint8Array>>;
  /** Assets from before June 2025 have no digest. */
  readonly withoutDigests?: boolean;
}

const API = "https://api.github.com";
const UPLOADED = "Sat, 17 Jan 2026 03:04:05 GMT";
const DEFAULT_PAGE = 30;
const MAX_PAGE = 100;
type Params = Readonly<Record<string, string>>;

export class FakeGitHub {
  /** Requests that are left before the limit, and when it is lifted; none: no limit. */
  limit: { remaining: number; reset: number } | undefined;
  /** So many requests are too many at once, and may be tried again after these seconds. */
  busy = { requests: 0, retryAfter: 0 };
  /** Where the Link header of the first page leads, for what must not be followed. */
  strayLink: string | undefined;
  readonly #repositories = new Map<string, FakeRelease[]>();
  readonly #tags = new Map<string, string[]>();

  publish(repository: string, ...releases: readonly FakeRelease[]): void {
    this.#repositories.set(repository, [...releases, ...(this.#repositories.get(repository) ?? [])]);
  }

  /** Tags without releases. */
  tag(repository: string, ...names: readonly string[]): void {
    this.publish(repository);
    this.#tags.set(repository, [...names, ...(this.#tags.get(repository) ?? [])]);
  }

  get hosts(): Record<string, Host> {
    const api = IttyRouter();
    api
      .all("*", () => this.#checkLimits())
      .get("/repos/:owner/:name/releases/tags/:tag", ({ params }) => this.#release(params))
      .get("/repos/:owner/:name/releases/assets/:id", (request) => this.#redirectToAsset(request))
      .get("/repos/:owner/:name/:what", (request) =>
        this.#list(request, `${request.params.owner}/${request.params.name}`),
      )
      .get("/repositories/:id/:what", (request) => this.#list(request, this.#names[Number(request.params.id)]))
      .all("*", notFound);
    const web = IttyRouter();
    web
      .get("/:owner/:name/releases/download/:tag/:file", ({ params }) => this.#redirect(params))
      .all("*", () => new Response("Not Found", { status: 404 }));
    const objects = IttyRouter();
    objects
      .get("/:owner/:name/:tag/:file", (request) => this.#asset(request))
      .all("*", () => new Response("Not Found", { status: 404 }));
    return {
      "api.github.com": async (request) => this.#charged(await withEntityTag(request, await api.fetch(request))),
      "github.com": (request) => web.fetch(request),
      "objects.githubusercontent.com": async (request) => withEntityTag(request, await objects.fetch(request)),
    };
  }

  get #names(): string[] {
    return [...this.#repositories.keys()];
  }

  #checkLimits(): Response | undefined {
    if (this.busy.requests > 0) {
      this.busy.requests -= 1;
      const message = "You have exceeded a secondary rate limit";
      return json({ message }, { status: 429, headers: { "retry-after": String(this.busy.retryAfter) } });
    }
    if (this.limit === undefined) return undefined;
    const headers = {
      "x-ratelimit-remaining": String(this.limit.remaining),
      "x-ratelimit-reset": String(this.limit.reset),
    };
    if (this.limit.remaining === 0) return json({ message: "API rate limit exceeded" }, { status: 403, headers });
    this.limit.remaining -= 1;
    return undefined;
  }

  /** A known answer costs nothing of the rate limit. */
  #charged(response: Response): Response {
    if (response.status === 304 && this.limit !== undefined) this.limit.remaining += 1;
    return response;
  }

  async #list(request: IRequest, repository = ""): Promise<Response> {
    const { what = "" } = request.params;
    const { searchParams } = new URL(request.url);
    const size = Math.min(Number(searchParams.get("per_page") ?? DEFAULT_PAGE), MAX_PAGE);
    const page = Number(searchParams.get("page") ?? 1);
    const all = this.#repositories.get(repository);
    if (all === undefined || !["releases", "tags"].includes(what)) return notFound();

    // Only those who may write to a repository see its drafts. Tags come by name, the last one first.
    const releases = all.filter(({ draft }) => !draft || request.headers.has("authorization"));
    const tags = (this.#tags.get(repository) ?? []).toSorted().reverse();
    const begin = (page - 1) * size;
    const items =
      what === "tags"
        ? tags.slice(begin, begin + size).map((name) => ({ name, commit: { sha: "0".repeat(40) } }))
        : await Promise.all(releases.slice(begin, begin + size).map((release) => describe(repository, release)));
    const last = Math.max(1, Math.ceil((what === "tags" ? tags : releases).length / size));
    const link = this.#links(`${API}/repositories/${this.#names.indexOf(repository)}/${what}`, { size, page, last });
    return json(items, { headers: link === "" ? {} : { link } });
  }

  /** RFC 8288, in GitHub's order. Pages are named by the repository's number, whatever name it was asked for by. */
  #links(url: string, { size, page, last }: { size: number; page: number; last: number }): string {
    const at = (number: number) => `${url}?per_page=${size}&page=${number}`;
    const backwards = page > 1 ? { prev: at(page - 1) } : {};
    const forwards = page < last ? { next: this.strayLink ?? at(page + 1), last: at(last) } : {};
    const links = { ...backwards, ...forwards, ...(page > 1 && { first: at(1) }) };
    return Object.entries(links)
      .map(([rel, target]) => `<${target}>; rel="${rel}"`)
      .join(", ");
  }

  #find({ owner, name, tag }: Params): FakeRelease | undefined {
    const releases = this.#repositories.get(`${owner}/${name}`) ?? [];
    return releases.find((release) => !release.draft && release.tag === decodeURIComponent(tag ?? ""));
  }

  async #release(params: Params): Promise<Response> {
    const found = this.#find(params);
    return found === undefined ? notFound() : json(await describe(`${params.owner}/${params.name}`, found));
  }

  /** Its number is the tag and the file here. Who does not ask for the bytes gets the description, as of a release. */
  #redirectToAsset({ params, headers }: IRequest): Response {
    if (headers.get("accept") !== "application/octet-stream") return json({ id: params.id });
    const [tag, file] = atob(params.id ?? "").split("/");
    return this.#redirect({ ...params, tag: encodeURIComponent(tag ?? ""), file: file ?? "" });
  }

  /** Downloads lie elsewhere. */
  #redirect(params: Params): Response {
    const { owner, name, tag, file } = params;
    if (this.#find(params)?.assets?.[file ?? ""] === undefined) return new Response("Not Found", { status: 404 });
    const location = `https://objects.githubusercontent.com/${owner}/${name}/${tag}/${file}`;
    return new Response(null, { status: 302, headers: { location } });
  }

  /** A signed address, that is one for whoever has it: a token with it is refused, as the real storage does. */
  async #asset({ params, headers }: IRequest): Promise<Response> {
    if (headers.has("authorization")) return new Response("InvalidAuthenticationInfo", { status: 400 });
    const content = this.#find(params)?.assets?.[params.file ?? ""];
    if (content === undefined) return new Response("Not Found", { status: 404 });
    return new Response(bytesOf(content), { headers: { "last-modified": UPLOADED, "accept-ranges": "bytes" } });
  }
}

function notFound(): Response {
  return json({ message: "Not Found", status: "404" }, { status: 404 });
}

async function describe(repository: string, release: FakeRelease) {
  const { tag, draft = false, prerelease = false, assets = {}, withoutDigests = false } = release;
  const described = Object.entries(assets).map(async ([name, content]) => ({
    name,
    size: bytesOf(content).length,
    digest: withoutDigests ? null : `sha256:${await sha256Of(bytesOf(content))}`,
    url: `${API}/repos/${repository}/releases/assets/${btoa(`${tag}/${name}`)}`,
    browser_download_url: `https://github.com/${repository}/releases/download/${encodeURIComponent(tag)}/${name}`,
  }));
  return { tag_name: tag, name: tag, draft, prerelease, assets: await Promise.all(described) };
}

function bytesOf(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(typeof content === "string" ? new TextEncoder().encode(content) : content);
}
