/**
 * GitHub as those see it who write to it: releases with drafts, assets that are uploaded and deleted, and downloads
 * that redirect to another server. It listens on this machine, the API below `/api` as GitHub Enterprise has it; what
 * goes wrong with it is told to happen.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type IRequest, IttyRouter } from "itty-router";
import { notFound, problem } from "./github-problems.ts";
import { RepositoryStandIn } from "./github-repository.ts";

/**
 * What goes wrong with one request: a status in its place; `lost`, done and not answered; `starter`, a 502 that leaves
 * an asset without its bytes; `garbled`, an asset of other bytes; a function that says so itself.
 */
export type Fault = number | "lost" | "starter" | "garbled" | (() => Response | undefined);

export const REPOSITORY = "acme/bakery";
export const TOKEN = "ghs_standin";

export class GithubStandIn implements AsyncDisposable {
  /** `POST /api/repos/acme/bakery/releases`, in the order in which they came; those for downloads are not among them */
  readonly requests: string[] = [];
  readonly repository = new RepositoryStandIn(() => ({
    api: this.apiUrl,
    uploads: this.strayUploads ?? this.apiUrl,
    downloads: `${this.serverUrl}/${REPOSITORY}/releases/download`,
    objects: addressOf(this.#objects),
  }));
  mayWrite = true;
  /** Whether only who has a token may read, and downloads are for nobody */
  isPrivate = false;
  /** Requests that are left before the limit, and when it is lifted, in seconds since 1970; none: no limit */
  limit: { remaining: number; reset: number } | undefined;
  /** How far its clock is ahead, in milliseconds */
  ahead = 0;
  /** Where uploads are to go, in the place of this server */
  strayUploads: string | undefined;
  /** What is waited for before a request to the API is done */
  hold: ((line: string) => Promise<void>) | undefined;
  readonly #faults: { readonly request: RegExp; readonly fault: Fault }[] = [];
  readonly #api = createServer((request, response) => void this.#serve(request, response));
  readonly #objects = createServer((request, response) => this.#object(request, response));

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
    return { GITHUB_API_URL: this.apiUrl, GITHUB_SERVER_URL: this.serverUrl, GITHUB_TOKEN: TOKEN };
  }

  /** The next request that is like this goes wrong; told twice, the one after it too. */
  fail(request: RegExp, fault: Fault): void {
    this.#faults.push({ request, fault });
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
    const { repository } = this;
    const releases = "/api/repos/acme/bakery/releases";
    return IttyRouter()
      .get(`/${REPOSITORY}/releases/download/:tag/:file`, ({ params }) =>
        this.isPrivate ? notFound() : repository.download(params),
      )
      .all("/api/*", (request) => this.#refuse(request))
      .get(`${releases}/tags/:tag`, ({ params }) => repository.byTag(decodeURIComponent(params.tag ?? "")))
      .get(`${releases}/assets/:id`, (request) => repository.read(request))
      .delete(`${releases}/assets/:id`, ({ params }) => repository.deleteAsset(Number(params.id)))
      .get(`${releases}/:id`, ({ params }) => repository.byId(Number(params.id)))
      .patch(`${releases}/:id`, (request) => repository.update(request))
      .delete(`${releases}/:id`, ({ params }) => repository.delete(Number(params.id)))
      .get(releases, (request) => repository.list(request))
      .get("/api/repositories/1/releases", (request) => repository.list(request))
      .post(releases, (request) => repository.create(request))
      .post("/api/uploads/:id/assets", (request) => repository.upload(request))
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
    if (line.includes(" /api/")) await this.hold?.(line);
    const said = typeof fault === "function" ? fault() : typeof fault === "number" ? problem(fault) : undefined;
    const response = said ?? ((await this.#router.fetch(request)) as Response);
    if (fault === "lost") return void incoming.socket.destroy();
    const date = new Date(Date.now() + this.ahead).toUTCString();
    outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), date });
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
    if (token === null && (method !== "GET" || this.isPrivate)) return notFound();
    if (method === "GET") return undefined;
    return this.mayWrite ? undefined : problem(403, "Resource not accessible by integration");
  }

  /** A signed address, that is one for whoever has it: a token with it is refused, as the real storage does. */
  #object({ url = "", headers }: IncomingMessage, outgoing: ServerResponse): void {
    const asset = this.repository.asset(url.slice(1));
    if (headers.authorization !== undefined) return void outgoing.writeHead(400).end("InvalidAuthenticationInfo");
    if (asset === undefined) return void outgoing.writeHead(404).end();
    outgoing.writeHead(200, { "content-length": asset.bytes.length }).end(asset.bytes);
  }
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

async function listening(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // A test that forgets it does not wait for it.
  server.listen(0, "127.0.0.1", resolve).unref();
  await promise;
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
