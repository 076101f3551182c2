/**
 * Cloudflare's API as `wrangler deploy` sees it, of an account with nothing in it: scripts, R2 buckets, KV namespaces
 * and schedules are what was put there.
 *
 * https://developers.cloudflare.com/api/resources/workers/
 */
import { type IRequest, IttyRouter, json } from "itty-router";
import type { Host } from "./host.ts";

export class FakeCloudflare {
  /** The metadata of each upload, by the script's name. */
  readonly scripts = new Map<string, Readonly<Record<string, unknown>>>();
  readonly buckets = new Set<string>();
  readonly namespaces = new Map<string, string>();
  readonly schedules = new Map<string, readonly string[]>();
  /** What wrangler has asked for and nobody knows. */
  readonly unknown: string[] = [];
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  get hosts(): Record<string, Host> {
    const account = "/client/v4/accounts/:account";
    const script = `${account}/workers/scripts/:name`;
    const api = IttyRouter();
    api
      .all("*", ({ headers }) =>
        headers.get("authorization") === `Bearer ${this.#token}`
          ? undefined
          : failure(403, 9109, "Invalid access token"),
      )
      .get(`${account}/workers/services/:name`, ({ params }) => this.#service(params.name))
      .get(`${account}/workers/subdomain`, () => success({ subdomain: "acme" }))
      .get(`${account}/storage/kv/namespaces`, () =>
        success([...this.namespaces].map(([title, id]) => ({ id, title }))),
      )
      .post(`${account}/storage/kv/namespaces`, (request) => this.#makeNamespace(request))
      .get(`${account}/r2/buckets`, () => success({ buckets: [...this.buckets].map((name) => ({ name })) }))
      .get(`${account}/r2/buckets/:bucket`, ({ params }) =>
        this.buckets.has(params.bucket ?? "")
          ? success({ name: params.bucket })
          : failure(404, 10006, "The specified bucket does not exist."),
      )
      .post(`${account}/r2/buckets`, (request) => this.#makeBucket(request))
      .get(`${script}/secrets`, () => success([]))
      .put(script, (request) => this.#upload(request))
      .get(`${script}/:what`, ({ params }) =>
        this.scripts.has(params.name ?? "") && params.what === "subdomain"
          ? success({ enabled: true, previews_enabled: true })
          : failure(404, 10007, "This Worker does not exist on your account."),
      )
      .post(`${script}/subdomain`, () => success({ enabled: true, previews_enabled: true }))
      .patch(`${script}/script-settings`, () => success({ logpush: false, tags: [], observability: { enabled: true } }))
      .get(`${account}/workers/workers/:name`, ({ params }) =>
        success({ id: params.name, name: params.name, subdomain: { enabled: true, previews_enabled: true } }),
      )
      .put(`${script}/schedules`, (request) => this.#schedule(request))
      .all("*", ({ method, url }) => {
        this.unknown.push(`${method} ${new URL(url).pathname}`);
        return failure(404, 7003, "Could not route to this path, perhaps your object identifier is invalid?");
      });
    return { "api.cloudflare.com": (request) => api.fetch(request) };
  }

  #service(name = ""): Response {
    if (!this.scripts.has(name)) return failure(404, 10090, "This Worker does not exist on your account.");
    return success({
      id: name,
      default_environment: { environment: "production", script: { last_deployed_from: "wrangler" } },
    });
  }

  async #makeNamespace(request: IRequest): Promise<Response> {
    const { title } = (await request.json()) as { title: string };
    const id = String(this.namespaces.size + 1).padStart(32, "0");
    this.namespaces.set(title, id);
    return success({ id, title });
  }

  async #makeBucket(request: IRequest): Promise<Response> {
    const { name } = (await request.json()) as { name: string };
    this.buckets.add(name);
    return success({ name });
  }

  async #upload(request: IRequest): Promise<Response> {
    const metadata = (await request.formData()).get("metadata");
    const text = typeof metadata === "string" ? metadata : await (metadata as unknown as Blob).text();
    this.scripts.set(request.params.name ?? "", JSON.parse(text));
    return success({ id: request.params.name, etag: "0", startup_time_ms: 1, deployment_id: "0".repeat(32) });
  }

  async #schedule(request: IRequest): Promise<Response> {
    const schedules = (await request.json()) as { cron: string }[];
    this.schedules.set(
      request.params.name ?? "",
      schedules.map(({ cron }) => cron),
    );
    return success({ schedules });
  }
}

function success(result: unknown): Response {
  return json({
    success: true,
    errors: [],
    messages: [],
    result,
    result_info: { page: 1, per_page: 100, count: 1, total_count: 1 },
  });
}

function failure(status: number, code: number, message: string): Response {
  return json({ success: false, errors: [{ code, message }], messages: [], result: null }, { status });
}
