/** GitHub as the worker meets it: what it was asked is counted, and everything can go wrong with it. */
import type { Fetch } from "../../../worker/outgoing.ts";
import { FakeGitHub, type FakeRelease } from "../../support/upstreams/github.ts";

/** As wrangler.toml has it. */
export const REPOSITORY = "flatcar/sysext-bakery";

/** Answers in GitHub's place, or alters its answer. */
export type Fault = (request: Request, answer: () => Promise<Response>) => Promise<Response>;

export interface GithubRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly signal: AbortSignal | null | undefined;
  /** Of the answer, where there was one */
  status?: number;
}

export class Github {
  readonly fake = new FakeGitHub();
  readonly #hosts = this.fake.hosts;
  fault: Fault | undefined;
  #requests: GithubRequest[] = [];

  /** For the worker, in the place of the runtime's. */
  readonly fetch: Fetch = async (url, init) => {
    const request = new Request(url, init);
    const record: GithubRequest = { url: url.href, headers: request.headers, signal: init.signal };
    this.#requests.push(record);
    const answer = async () => {
      const host = this.#hosts[url.host];
      if (host === undefined) throw new TypeError(`${url.host} has no address`);
      return await host(request);
    };
    const response = await (this.fault === undefined ? answer() : this.fault(request, answer));
    record.status = response.status;
    return response;
  };

  /** An index at a release of its own, in the place of the one before; undefined: the release without its index. */
  publishIndex(text: string | Uint8Array | undefined, release = "kubernetes", more: Partial<FakeRelease> = {}): void {
    const assets: Record<string, string | Uint8Array> = text === undefined ? {} : { SHA256SUMS: text };
    this.fake.publish(REPOSITORY, { tag: release, assets, ...more });
  }

  /** The requests since the last time. */
  takeRequests(): GithubRequest[] {
    const taken = this.#requests;
    this.#requests = [];
    return taken;
  }

  /** The answers since the last time, as in `["github.com 302", "objects.githubusercontent.com 200"]`. */
  takeAnswers(): string[] {
    return this.takeRequests().map(({ url, status }) => `${new URL(url).host} ${status ?? "without answer"}`);
  }
}

export const unreachable: Fault = async () => {
  throw new TypeError("Network connection lost.");
};

/** Does not even give up when it is told to, so that only the worker's own patience ends it. */
export const hanging: Fault = () => new Promise(() => {});

export function late(milliseconds: number): Fault {
  return async (_request, answer) => {
    await scheduler.wait(milliseconds);
    return await answer();
  };
}

export function answering(status: number, headers: Record<string, string> = {}, body = "an error page\n"): Fault {
  return async () => new Response(body, { status, headers });
}

/** A page for people where a file should be, as proxies and outages have it. */
export const garbage: Fault = answering(
  200,
  { "content-type": "text/html" },
  "<!doctype html><title>Unicorn!</title>\n",
);

/** The connection is lost in the middle of the file. */
export const cut: Fault = halfOf((controller) => controller.error(new TypeError("Network connection lost.")));

/** The file ends in the middle, and nobody says that it does. */
export const truncated: Fault = halfOf((controller) => controller.close());

/** The connection is there, and nothing more comes. */
export const stalled: Fault = halfOf(() => {});

export function redirecting(location: string): Fault {
  return async () => new Response(null, { status: 302, headers: { location } });
}

/** Has the fault only at requests whose address contains the text. */
export function at(part: string, fault: Fault): Fault {
  return (request, answer) => (request.url.includes(part) ? fault(request, answer) : answer());
}

function halfOf(after: (controller: ReadableStreamDefaultController<Uint8Array>) => void): Fault {
  return async (_request, answer) => {
    const response = await answer();
    if (response.status !== 200) return response;
    const bytes = await response.bytes();
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.subarray(0, bytes.length / 2));
        after(controller);
      },
    });
    return new Response(body, response);
  };
}
