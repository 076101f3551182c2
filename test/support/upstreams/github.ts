/**
 * GitHub as builds see it: the REST API's releases, with pages, drafts and rate limits, and downloads by redirect.
 *
 * https://docs.github.com/en/rest/releases/releases
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

const DEFAULT_PAGE = 30;
const MAX_PAGE = 100;

export class FakeGitHub {
  /** Requests that are left before the limit, and when it is lifted; none: no limit. */
  limit: { remaining: number; reset: number } | undefined;
  /** Where the Link header of the first page leads, for what must not be followed. */
  strayLink: string | undefined;
  readonly #repositories = new Map<string, FakeRelease[]>();

  publish(repository: string, ...releases: readonly FakeRelease[]): void {
    this.#repositories.set(repository, [...releases, ...(this.#repositories.get(repository) ?? [])]);
  }

  get hosts(): Record<string, Host> {
    const api = IttyRouter({ base: "" });
    api
      .all("*", () => this.#checkLimit())
      .get("/repos/:owner/:name/releases/tags/:tag", ({ params }) => this.#release(params))
      .get("/repos/:owner/:name/releases", (request) => this.#list(request, request.params))
      .all("*", () => json({ message: "Not Found" }, { status: 404 }));
    const web = IttyRouter();
    web
      .get("/:owner/:name/releases/download/:tag/:file", ({ params }) => this.#redirect(params))
      .all("*", () => new Response("Not Found", { status: 404 }));
    const objects = IttyRouter();
    objects
      .get("/:owner/:name/:tag/:file", ({ params }) => this.#asset(params))
      .all("*", () => new Response("Not Found", { status: 404 }));
    return {
      "api.github.com": (request) => api.fetch(request),
      "github.com": (request) => web.fetch(request),
      "objects.githubusercontent.com": (request) => objects.fetch(request),
    };
  }

  #checkLimit(): Response | undefined {
    if (this.limit === undefined) return undefined;
    const headers = {
      "x-ratelimit-remaining": String(this.limit.remaining),
      "x-ratelimit-reset": String(this.limit.reset),
    };
    if (this.limit.remaining === 0) return json({ message: "API rate limit exceeded" }, { status: 403, headers });
    this.limit.remaining -= 1;
    return undefined;
  }

  #list(request: Request, { owner, name }: Record<string, string>): Response {
    const url = new URL(request.url);
    const size = Math.min(Number(url.searchParams.get("per_page") ?? DEFAULT_PAGE), MAX_PAGE);
    const page = Number(url.searchParams.get("page") ?? 1);
    const all = this.#repositories.get(`${owner}/${name}`);
    if (all === undefined) return json({ message: "Not Found" }, { status: 404 });

    const items = all.slice((page - 1) * size, page * size).map(describe);
    url.searchParams.set("page", String(page + 1));
    const next = this.strayLink ?? url.href;
    const headers = page * size < all.length ? { link: `<${next}>; rel="next", <${url.href}>; rel="last"` } : undefined;
    return json(items, headers && { headers });
  }

  #find({ owner, name, tag }: Record<string, string>): FakeRelease | undefined {
    const releases = this.#repositories.get(`${owner}/${name}`) ?? [];
    return releases.find((release) => release.tag === decodeURIComponent(tag ?? ""));
  }

  #release(params: Record<string, string>): Response {
    const found = this.#find(params);
    return found === undefined ? json({ message: "Not Found" }, { status: 404 }) : json(describe(found));
  }

  /** As GitHub does: downloads lie elsewhere. Relative to the mirror, where every host is a folder. */
  #redirect(params: Record<string, string>): Response {
    const { owner, name, tag, file } = params;
    if (this.#find(params)?.assets?.[file ?? ""] === undefined) return new Response("Not Found", { status: 404 });
    const location = `/objects.githubusercontent.com/${owner}/${name}/${tag}/${file}`;
    return new Response(null, { status: 302, headers: { location } });
  }

  #asset(params: Record<string, string>): Response {
    const content = this.#find(params)?.assets?.[params.file ?? ""];
    return content === undefined ? new Response("Not Found", { status: 404 }) : new Response(Buffer.from(content));
  }
}

function describe({ tag, draft = false, prerelease = false, assets = {}, withoutDigests = false }: FakeRelease) {
  const described = Object.entries(assets).map(([name, content]) => ({
    name,
    digest: withoutDigests ? null : `sha256:${sha256(content)}`,
  }));
  return { tag_name: tag, draft, prerelease, assets: described };
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
