/** Talks to the publish API of a bakery: patiently, for every request of it can be made again. */
import { setTimeout as sleep } from "node:timers/promises";
import { rootMessage, UpstreamError, UserError } from "../system/errors.ts";
import { parseRetryAfter } from "../system/http-failure.ts";
import type { Credentials } from "./credentials.ts";

export interface BakeryApiOptions {
  /** Without a slash at the end */
  readonly url: string;
  readonly credentials: Credentials;
  readonly signal?: AbortSignal | undefined;
  /** The pause before the second try; each further one is twice as long. Milliseconds. */
  readonly retryDelay?: number;
}

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `/api/v1/extensions/` */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Gets those of the answer */
  readonly onHeaders?: (headers: Headers) => void;
  /** Made for each try */
  readonly body?: () => string | Blob;
}

/** The bakery will not have it. Its own words. */
export class Refusal extends UserError {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string, hint: string | undefined, url: string) {
    super(message, { details: { url, status: String(status) }, ...(hint !== undefined && { hint }) });
    this.status = status;
    this.code = code;
  }
}

const TRIES = 7;
const LONGEST_PAUSE_MS = 15_000;
/** Without an answer for so long, a request counts as lost. Large files are copied within one. */
const PATIENCE_MS = 600_000;

export class BakeryApi {
  readonly url: string;
  readonly #options: BakeryApiOptions;

  constructor(options: BakeryApiOptions) {
    this.url = options.url;
    this.#options = options;
  }

  /**
   * @throws Refusal for what the bakery will not do
   * @throws UpstreamError where it does not answer, or not for now, after several tries
   */
  async send<T>(request: ApiRequest, parse: (json: string) => T): Promise<T> {
    const { signal, retryDelay = 500 } = this.#options;
    let renewed = false;
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.#try(request, renewed);
      if (outcome.kind === "done") return parse(outcome.text);
      signal?.throwIfAborted();
      const isStale = outcome.error instanceof Refusal && outcome.error.status === 401 && !renewed;
      if (isStale) {
        renewed = true;
        continue;
      }
      if (!outcome.passing || tries === TRIES) throw outcome.error;
      const pause = outcome.retryAfter ?? retryDelay * 2 ** (tries - 1) * (0.5 + Math.random());
      await sleep(Math.min(pause, LONGEST_PAUSE_MS), undefined, signal && { signal });
    }
  }

  async #try({ method, path, headers, body, onHeaders }: ApiRequest, renew: boolean): Promise<Outcome> {
    const { credentials, signal } = this.#options;
    const url = `${this.url}/api/v1/extensions/${path}`;
    const authorization = `Bearer ${await credentials.token(renew)}`;
    try {
      const response = await fetch(url, {
        method,
        headers: { "user-agent": "sysext-bakery", authorization, ...headers },
        redirect: "manual",
        signal: AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), ...(signal ? [signal] : [])]),
        ...(body && { body: body() }),
      });
      const text = await response.text();
      if (response.ok) onHeaders?.(response.headers);
      return response.ok ? { kind: "done", text } : failure(url, response, text);
    } catch (cause) {
      const details = { url, reason: rootMessage(cause) };
      const hint = "check the address and the network; what has arrived is kept for a day, run it again";
      return {
        kind: "failed",
        passing: true,
        error: new UpstreamError("the bakery cannot be reached", { details, hint, cause }),
      };
    }
  }
}

type Outcome =
  | { readonly kind: "done"; readonly text: string }
  | {
      readonly kind: "failed";
      readonly error: Error;
      readonly passing: boolean;
      readonly retryAfter?: number | undefined;
    };

function failure(url: string, { status, headers }: Response, text: string): Outcome {
  const passing = status >= 500 || status === 429 || status === 408;
  const said = parseError(text);
  const error =
    said === undefined
      ? new UpstreamError("this is no bakery that one can publish to", { details: { url, status: String(status) } })
      : new Refusal(status, said.code, said.message, said.hint, url);
  return { kind: "failed", error, passing, retryAfter: parseRetryAfter(headers.get("retry-after")) };
}

function parseError(text: string): { code: string; message: string; hint?: string } | undefined {
  try {
    const { error } = JSON.parse(text);
    return typeof error?.code === "string" && typeof error.message === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}
