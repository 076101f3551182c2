/**
 * GitHub as builds see it: the REST API's releases, with pages, drafts, ETags and rate limits, and downloads that
 * redirect to another host.
 *
 * https://docs.github.com/en/rest/releases/releases
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
import { createHash } from "node:crypto";
import { IttyRouter, json } from "itty-router";
import type { Host } from "./mirror.ts";

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

  publish(repository: string, ...releases: readonly FakeRelease[]): void {
    this.#repositories.set(repository, [...releases, ...(this.#repositories.get(repository) ?? [])]);
  }

  get hosts(): Record<string, Host> {
    const api = IttyRouter();
    api
      .all("*", () => this.#checkLimits())
      .get("/repos/:owner/:name/releases/tags/:tag", ({ params }) => this.#release(params))
      .get("/repos/:owner/:name/releases", (request) =>
        this.#list(request, `${request.params.owner}/${request.params.name}`),
      )
      .get("/repositories/:id/releases", (request) => this.#list(request, this.#names[Number(request.params.id)]))
      .all("*", notFound);
    const web = IttyRouter();
    web
      .get("/:owner/:name/releases/download/:tag/:file", ({ params }) => this.#redirect(params))
      .all("*", () => new Response("Not Found", { status: 404 }));
    const objects = IttyRouter();
    objects
      .get("/:owner/:name/:tag/:file", ({ params }) => this.#asset(params))
      .all("*", () => new Response("Not Found", { status: 404 }));
    return {
      "api.github.com": async (request) => conditional(request, await api.fetch(request)),
      "github.com": (request) => web.fetch(request),
      "objects.githubusercontent.com": (request) => objects.fetch(request),
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

  #list(request: Request, repository = ""): Response {
    const { searchParams } = new URL(request.url);
    const size = Math.min(Number(searchParams.get("per_page") ?? DEFAULT_PAGE), MAX_PAGE);
    const page = Number(searchParams.get("page") ?? 1);
    const all = this.#repositories.get(repository);
    if (all === undefined) return notFound();

    // Only those who may write to a repository see its drafts.
    const seen = all.filter(({ draft }) => !draft || request.headers.has("authorization"));
    const items = seen.slice((page - 1) * size, page * size).map((release) => describe(repository, release));
    const last = Math.max(1, Math.ceil(seen.length / size));
    const link = this.#links(`${API}/repositories/${this.#names.indexOf(repository)}/releases`, { size, page, last });
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

  #release(params: Params): Response {
    const found = this.#find(params);
    return found === undefined ? notFound() : json(describe(`${params.owner}/${params.name}`, found));
  }

  /** Downloads lie elsewhere. */
  #redirect(params: Params): Response {
    const { owner, name, tag, file } = params;
    if (this.#find(params)?.assets?.[file ?? ""] === undefined) return new Response("Not Found", { status: 404 });
    const location = `https://objects.githubusercontent.com/${owner}/${name}/${tag}/${file}`;
    return new Response(null, { status: 302, headers: { location } });
  }

  #asset(params: Params): Response {
    const content = this.#find(params)?.assets?.[params.file ?? ""];
    return content === undefined ? new Response("Not Found", { status: 404 }) : new Response(Buffer.from(content));
  }
}

function notFound(): Response {
  return json({ message: "Not Found", status: "404" }, { status: 404 });
}

/** A known answer costs nothing of the rate limit: 304. */
async function conditional(request: Request, response: Response): Promise<Response> {
  if (!response.ok) return response;
  const text = await response.text();
  const headers = new Headers(response.headers);
  headers.set("etag", `"${sha256(text)}"`);
  if (request.headers.get("if-none-match") === headers.get("etag")) return new Response(null, { status: 304, headers });
  return new Response(text, { headers });
}

function describe(repository: string, release: FakeRelease) {
  const { tag, draft = false, prerelease = false, assets = {}, withoutDigests = false } = release;
  const described = Object.entries(assets).map(([name, content]) => ({
    name,
    size: Buffer.byteLength(content),
    digest: withoutDigests ? null : `sha256:${sha256(content)}`,
    browser_download_url: `https://github.com/${repository}/releases/download/${encodeURIComponent(tag)}/${name}`,
  }));
  return { tag_name: tag, name: tag, draft, prerelease, assets: described };
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
