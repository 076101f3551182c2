/**
 * GitHub as those see it who write to it: releases with drafts, assets that are uploaded, renamed and deleted, and
 * downloads that redirect to another server. It listens on this machine, the API below `/api` as GitHub Enterprise has
 * it; what goes wrong with it is told to happen.
 *
 * https://docs.github.com/en/rest/releases/releases
 * https://docs.github.com/en/rest/releases/assets
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type IRequest, IttyRouter, json } from "itty-router";

export interface StoredAsset {
  readonly id: number;
  name: string;
  state: "uploaded" | "starter";
  bytes: Uint8Array;
  /** Those from before June 2025 have none */
  hasDigest: boolean;
}

export interface StoredRelease {
  readonly id: number;
  tag: string;
  body: string;
  draft: boolean;
  publishedAt?: string;
  assets: StoredAsset[];
}

/**
 * What goes wrong with one request: a status in its place; `lost`, done and not answered; `starter`, a 502 that leaves
 * an asset without its bytes; `garbled`, an asset of other bytes; a function that says so itself.
 */
export type Fault = number | "lost" | "starter" | "garbled" | (() => Response | undefined);

interface ReleaseBody {
  readonly tag_name?: string;
  readonly body?: string;
  readonly draft?: boolean;
  readonly make_latest?: string;
}

export const REPOSITORY = "acme/bakery";
export const TOKEN = "ghs_standin";
const PUBLISHED_AT = "2026-01-17T03:04:05Z";

export class GithubStandIn implements AsyncDisposable {
  /** `POST /api/repos/acme/bakery/releases`, in the order in which they came; those for downloads are not among them */
  readonly requests: string[] = [];
  releases: StoredRelease[] = [];
  /** The tag of the release that is marked as the latest */
  latest = "";
  mayWrite = true;
  isImmutable = false;
  /** Requests that are left before the limit, and when it is lifted, in seconds since 1970; none: no limit */
  limit: { remaining: number; reset: number } | undefined;
  /** Where uploads are to go, in the place of this server */
  strayUploads: string | undefined;
  readonly #faults: { readonly request: RegExp; readonly fault: Fault }[] = [];
  readonly #api = createServer((request, response) => void this.#serve(request, response));
  readonly #objects = createServer((request, response) => this.#object(request, response));
  #number = 1;

  static async open(): Promise<GithubStandIn> {
    const github = new GithubStandIn();
    await Promise.all([github.#api, github.#objects].map(listening));
    return github;
  }

  get apiUrl(): string {
    return `${addressOf(this.#api)}/api`;
  }
  /** As `GITHUB_SERVER_URL` */
  get serverUrl(): string {
    return addressOf(this.#api);
  }
  get env(): Record<string, string> {
    return { GITHUB_API_URL: this.apiUrl, GITHUB_TOKEN: TOKEN };
  }

  /** The next request that is like this goes wrong; told twice, the one after it too. */
  fail(request: RegExp, fault: Fault): void {
    this.#faults.push({ request, fault });
  }

  /** A release as other tools have made it. */
  add(tag: string, files: Readonly<Record<string, string | Uint8Array>>, more: Partial<StoredRelease> = {}): void {
    const assets = Object.entries(files).map(([name, content]) =>
      this.#asset(name, new Uint8Array(Buffer.from(content as string))),
    );
    const id = this.#next();
    this.releases.unshift({ id, tag, body: "", draft: false, publishedAt: PUBLISHED_AT, assets, ...more });
  }

  find(tag: string): StoredRelease | undefined {
    return this.releases.find((release) => release.tag === tag && !release.draft);
  }

  /** What a release has, by name. */
  files(tag: string): string[] {
    return (this.find(tag)?.assets ?? []).map(({ name }) => name).sort();
  }

  /** What machines get of `<tag>/<file>`. */
  async download(key: string): Promise<Buffer | undefined> {
    const response = await fetch(`${this.serverUrl}/${REPOSITORY}/releases/download/${encodeURI(key)}`);
    return response.ok ? Buffer.from(await response.arrayBuffer()) : undefined;
  }

  /** The requests since the last time. */
  take(): string[] {
    return this.requests.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.#api, this.#objects]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  get #router() {
    const releases = "/api/repos/acme/bakery/releases";
    return IttyRouter()
      .get(`/${REPOSITORY}/releases/download/:tag/:file`, ({ params }) => this.#download(params))
      .all("/api/*", (request) => this.#refuse(request))
      .get(`${releases}/tags/:tag`, ({ params }) => this.#describe(this.find(decodeURIComponent(params.tag ?? ""))))
      .get(`${releases}/assets/:id`, (request) => this.#read(request))
      .patch(`${releases}/assets/:id`, (request) => this.#rename(request))
      .delete(`${releases}/assets/:id`, ({ params }) => this.#deleteAsset(Number(params.id)))
      .get(`${releases}/:id`, ({ params }) => this.#describe(this.#byId(params.id)))
      .patch(`${releases}/:id`, (request) => this.#update(request))
      .delete(`${releases}/:id`, ({ params }) => this.#delete(Number(params.id)))
      .get(releases, (request) => this.#list(request))
      .get("/api/repositories/1/releases", (request) => this.#list(request))
      .post(releases, (request) => this.#create(request))
      .post("/api/uploads/:id/assets", (request) => this.#upload(request))
      .all("*", notFound);
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const line = `${incoming.method} ${decodeURIComponent(incoming.url ?? "")}`;
    if (line.includes(" /api/")) this.requests.push(line);
    const at = this.#faults.findIndex(({ request }) => request.test(line));
    const [{ fault } = {}] = at === -1 ? [] : this.#faults.splice(at, 1);
    const body = await bodyOf(incoming);
    // Who hangs up within an upload leaves an asset without bytes, and within anything else nothing.
    if (body === undefined && !line.startsWith("POST /api/uploads/")) return;
    const isBroken = body === undefined || fault === "starter";
    const request = new Request(new URL(incoming.url ?? "/", this.serverUrl), {
      method: incoming.method ?? "GET",
      headers: new Headers(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
      ...(isWrite(incoming) && { body: isBroken ? "" : fault === "garbled" ? Buffer.from("other bytes") : body }),
    });
    if (isBroken) request.headers.set("x-broken", "yes");
    const said = typeof fault === "function" ? fault() : typeof fault === "number" ? problem(fault) : undefined;
    const response = said ?? ((await this.#router.fetch(request)) as Response);
    if (fault === "lost") return void incoming.socket.destroy();
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  }

  /** Rights and limits. What is read is public. */
  #refuse({ method, headers }: IRequest): Response | undefined {
    const token = headers.get("authorization");
    if (token !== null && token !== `Bearer ${TOKEN}`) return problem(401, "Bad credentials");
    if (this.limit !== undefined) {
      const { remaining, reset } = this.limit;
      const left = { "x-ratelimit-remaining": String(remaining), "x-ratelimit-reset": String(reset) };
      if (remaining === 0) return problem(403, "API rate limit exceeded", left);
      this.limit = { remaining: remaining - 1, reset };
    }
    if (method === "GET") return undefined;
    if (token === null) return notFound();
    return this.mayWrite ? undefined : problem(403, "Resource not accessible by integration");
  }

  #list({ url }: IRequest): Response {
    const { searchParams } = new URL(url);
    const size = Math.min(Number(searchParams.get("per_page") ?? 30), 100);
    const page = Number(searchParams.get("page") ?? 1);
    const items = this.releases.slice((page - 1) * size, page * size).map((release) => this.#value(release));
    const next = `${this.apiUrl}/repositories/1/releases?per_page=${size}&page=${page + 1}`;
    const link = this.releases.length > page * size ? { link: `<${next}>; rel="next"` } : {};
    return json(items, { headers: link });
  }

  async #create(request: IRequest): Promise<Response> {
    const wanted = (await request.json()) as ReleaseBody;
    const { tag_name: tag = "", body = "", draft = false, make_latest = "true" } = wanted;
    if (!draft && this.find(tag) !== undefined) return taken("Release", "tag_name");
    const release: StoredRelease = { id: this.#next(), tag, body, draft, assets: [] };
    if (!draft) this.#publish(release, make_latest);
    this.releases.unshift(release);
    return json(this.#value(release), { status: 201 });
  }

  async #update(request: IRequest): Promise<Response> {
    const release = this.#byId(request.params.id);
    if (release === undefined) return notFound();
    const { draft = release.draft, make_latest = "true" } = (await request.json()) as ReleaseBody;
    if (release.draft && !draft) {
      if (this.find(release.tag) !== undefined) return taken("Release", "tag_name");
      this.#publish(release, make_latest);
    }
    return json(this.#value(release));
  }

  #publish(release: StoredRelease, makeLatest: string): void {
    Object.assign(release, { draft: false, publishedAt: PUBLISHED_AT });
    if (makeLatest === "true") this.latest = release.tag;
  }

  #delete(id: number): Response {
    if (this.#byId(id) === undefined) return notFound();
    this.releases = this.releases.filter((release) => release.id !== id);
    return new Response(null, { status: 204 });
  }

  async #upload(request: IRequest): Promise<Response> {
    const release = this.#byId(request.params.id);
    if (release === undefined) return notFound();
    const name = sanitized(new URL(request.url).searchParams.get("name") ?? "");
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (release.assets.some((asset) => asset.name === name)) return taken("ReleaseAsset", "name");
    const isBroken = request.headers.has("x-broken");
    if (bytes.length === 0 && !isBroken) return problem(422, "Validation Failed");
    const asset = this.#asset(name, bytes);
    release.assets.push(asset);
    if (!isBroken) return json(this.#assetValue(asset), { status: 201 });
    asset.state = "starter";
    return problem(502, "Server Error");
  }

  #read({ params, headers }: IRequest): Response {
    const asset = this.#assetById(params.id);
    if (asset === undefined) return notFound();
    return headers.get("accept") === "application/octet-stream" ? this.#redirect(asset) : json(this.#assetValue(asset));
  }

  async #rename(request: IRequest): Promise<Response> {
    const { name = "" } = (await request.json()) as { name?: string };
    const asset = this.#assetById(request.params.id);
    if (asset === undefined) return notFound();
    const { assets = [] } = this.releases.find((release) => release.assets.includes(asset)) ?? {};
    if (assets.some((other) => other !== asset && other.name === name)) return taken("ReleaseAsset", "name");
    asset.name = sanitized(name);
    return json(this.#assetValue(asset));
  }

  #deleteAsset(id: number): Response {
    const release = this.releases.find(({ assets }) => assets.some((asset) => asset.id === id));
    if (release === undefined) return notFound();
    release.assets = release.assets.filter((asset) => asset.id !== id);
    return new Response(null, { status: 204 });
  }

  #download({ tag = "", file = "" }: IRequest["params"]): Response {
    const assets = this.find(decodeURIComponent(tag))?.assets ?? [];
    const asset = assets.find(({ name, state }) => name === decodeURIComponent(file) && state === "uploaded");
    return asset === undefined ? notFound() : this.#redirect(asset);
  }

  #redirect({ id }: StoredAsset): Response {
    return new Response(null, { status: 302, headers: { location: `${addressOf(this.#objects)}/${id}` } });
  }

  /** A signed address, that is one for whoever has it: a token with it is refused, as the real storage does. */
  #object({ url = "", headers }: IncomingMessage, outgoing: ServerResponse): void {
    const asset = this.#assetById(url.slice(1));
    if (headers.authorization !== undefined) return void outgoing.writeHead(400).end("InvalidAuthenticationInfo");
    if (asset === undefined) return void outgoing.writeHead(404).end();
    outgoing.writeHead(200, { "content-length": asset.bytes.length }).end(asset.bytes);
  }

  #describe(release: StoredRelease | undefined): Response {
    return release === undefined ? notFound() : json(this.#value(release));
  }

  #value({ id, tag, body, draft, publishedAt, assets }: StoredRelease) {
    return {
      id,
      tag_name: tag,
      body,
      draft,
      immutable: this.isImmutable && !draft,
      published_at: publishedAt ?? null,
      upload_url: `${this.strayUploads ?? this.apiUrl}/uploads/${id}/assets{?name,label}`,
      assets: assets.map((asset) => this.#assetValue(asset)),
    };
  }

  #assetValue({ id, name, state, bytes, hasDigest }: StoredAsset) {
    const digest =
      hasDigest && state === "uploaded" ? `sha256:${createHash("sha256").update(bytes).digest("hex")}` : null;
    return { id, name, state, size: bytes.length, digest };
  }

  #asset(name: string, bytes: Uint8Array): StoredAsset {
    return { id: this.#next(), name, state: "uploaded", bytes, hasDigest: true };
  }

  #byId(id: unknown): StoredRelease | undefined {
    return this.releases.find((release) => release.id === Number(id));
  }

  #assetById(id: unknown): StoredAsset | undefined {
    return this.releases.flatMap(({ assets }) => assets).find((asset) => asset.id === Number(id));
  }

  #next(): number {
    this.#number += 1;
    return this.#number;
  }
}

/** What GitHub makes of names; `+` stays, where it comes escaped. */
function sanitized(name: string): string {
  return name.replace(/[^A-Za-z0-9.+_-]+/g, ".");
}

function isWrite({ method }: IncomingMessage): boolean {
  return method === "POST" || method === "PATCH";
}

async function bodyOf(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of incoming) pieces.push(piece);
  } catch {
    return undefined;
  }
  return new Uint8Array(Buffer.concat(pieces));
}

function problem(status: number, message = "Server Error", headers: Record<string, string> = {}): Response {
  return json({ message, status: String(status) }, { status, headers });
}

function notFound(): Response {
  return problem(404, "Not Found");
}

function taken(resource: string, field: string): Response {
  return json({ message: "Validation Failed", errors: [{ resource, code: "already_exists", field }] }, { status: 422 });
}

async function listening(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // A test that forgets it does not wait for it.
  server.listen(0, "127.0.0.1", resolve).unref();
  await promise;
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
