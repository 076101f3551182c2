/** GitHub as the worker reaches it: the stand-in behind a `fetch`, with the requests that arrived, and with faults. */
import { FakeGitHub } from "../../support/upstreams/github.ts";

/** What becomes of every request, until it is taken back. */
export type GithubFault = "unreachable" | "hangs" | "late" | "garbage" | "cut" | "loop" | "downgrade" | 403 | 429 | 500;

/** Milliseconds; less than the patience that tests have. */
const LATE = 10;

export class GithubUpstream {
  readonly github = new FakeGitHub();
  readonly repository: string;
  /** `host path` of each request, and its headers */
  readonly arrivals: { readonly url: URL; readonly headers: Headers }[] = [];
  fault: GithubFault | undefined;
  /** Added to answers that are refusals. */
  refusalHeaders: Record<string, string> = {};

  constructor(repository = "flatcar/sysext-bakery") {
    this.repository = repository;
  }

  /** Publishes an extension's metadata release, in the place of the one before. */
  publishIndex(text: string, tag = "kubernetes"): void {
    this.github.publish(this.repository, { tag, assets: { SHA256SUMS: text } });
  }

  /** What was asked since the last time, as `host: status-free path`. */
  requests(): string[] {
    return this.arrivals.splice(0).map(({ url }) => `${url.host}${url.pathname}`);
  }

  readonly fetch = async (url: URL, init: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    this.arrivals.push({ url, headers: request.headers });
    switch (this.fault) {
      case "unreachable":
        throw new TypeError("connection refused");
      case "hangs":
        return new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
      case "garbage":
        return new Response("<!doctype html><title>Unicorn!</title>", { headers: { "content-type": "text/html" } });
      case "loop":
        return new Response(null, { status: 302, headers: { location: url.href } });
      case "downgrade":
        return new Response(null, { status: 302, headers: { location: `http://${url.host}${url.pathname}` } });
      case 403:
      case 429:
      case 500:
        return new Response("no", { status: this.fault, headers: this.refusalHeaders });
    }
    if (this.fault === "late") await scheduler.wait(LATE);
    const host = this.github.hosts[url.host];
    if (host === undefined) throw new TypeError(`no such host: ${url.host}`);
    const response = await host(request);
    return this.fault === "cut" && response.ok ? cut(response) : response;
  };
}

/** The connection breaks in the middle. */
async function cut(response: Response): Promise<Response> {
  const bytes = await response.bytes();
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes.subarray(0, bytes.length >> 1));
      controller.error(new Error("connection reset"));
    },
  });
  return new Response(body, response);
}
