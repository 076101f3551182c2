/**
 * Asks GitHub's REST API for what publishing needs. Reads are made again where that may help; a write only where GitHub
 * says that it has not been done, or where doing it twice is the same as once.
 *
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
import { setTimeout as sleep } from "node:timers/promises";
import { NotFoundError, UpstreamError, UserError } from "../../system/errors.ts";
import { type Headings, Http, type HttpOptions } from "../../system/http.ts";
import { asFailure, type Failure, RateLimitError } from "../../system/http-failure.ts";
import { IdleTimer } from "../../system/idle-timer.ts";
import { Waits } from "../../system/waits.ts";
import { explained, failureOf, parseAnswer, uncertain } from "./failures.ts";

export interface GithubApiOptions extends Pick<HttpOptions, "signal" | "retryDelay" | "onWait" | "sleep"> {
  /** Without a slash at its end */
  readonly apiUrl: string;
  /** `owner/repository` */
  readonly repository: string;
  readonly token: string;
}

export interface Write {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly url: string;
  readonly json?: unknown;
  /** Made for each try; it says how far it was read */
  readonly blob?: (progressed: () => void) => Blob;
}

const TRIES = 4;
/** What a request may wait in all. Longer than this, a rate limit is for the user to wait out. Milliseconds. */
const LONGEST_WAIT = 90_000;
/** Without a byte for so long, a connection counts as dead; GitHub takes its time to store a large asset. */
const IDLE_TIMEOUT = 300_000;

export class GithubApi {
  readonly repository: string;
  readonly #apiUrl: string;
  readonly #headers: Headings;
  readonly #http: Http;
  readonly #waits: Waits;
  readonly #signal: AbortSignal | undefined;
  readonly #retryDelay: number;
  readonly #sleep: NonNullable<HttpOptions["sleep"]>;
  #time: string | null = null;

  constructor({ apiUrl, repository, token, ...options }: GithubApiOptions) {
    this.repository = repository;
    this.#apiUrl = apiUrl;
    this.#headers = {
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
      authorization: `Bearer ${token}`,
    };
    // No mirror: it is not to have our token.
    this.#http = new Http(options);
    this.#waits = new Waits(options.onWait);
    this.#signal = options.signal;
    this.#retryDelay = options.retryDelay ?? 500;
    this.#sleep = options.sleep ?? ((milliseconds, signal) => sleep(milliseconds, undefined, { signal }));
  }

  /** What time GitHub had when it was read last, as the header `Date` has it. */
  get time(): string | null {
    return this.#time;
  }

  /** Below the repository: `releases/tags/x`. */
  urlOf(path: string): string {
    return `${this.#apiUrl}/repos/${this.repository}/${path}`;
  }

  /** @throws NotFoundError for 404; UserError where the token is not accepted */
  async read(url: string): Promise<{ value: unknown; headers: Headers }> {
    const answer = await this.#http.json(url, this.#headers).catch(this.#explain);
    this.#time = answer.headers.get("date");
    return answer;
  }

  /** The bytes of an asset, which lie elsewhere: the token stays here. */
  async bytes(url: string): Promise<Buffer> {
    const headers = { ...this.#headers, accept: "application/octet-stream" };
    return (await this.#http.readBytes(url, headers).catch(this.#explain)).bytes;
  }

  /** What anybody can download, without our token. */
  async publicBytes(url: string): Promise<Buffer> {
    return (await this.#http.readBytes(url)).bytes;
  }

  /** The sha256 of an asset, of which nothing is kept. */
  async sha256(url: string): Promise<string> {
    return this.#http.sha256(url, { ...this.#headers, accept: "application/octet-stream" });
  }

  /** For what can be done twice. */
  async write(request: Write): Promise<unknown> {
    return this.#attempt(request, ({ passing }) => passing);
  }

  /**
   * For what cannot: it is made again only where GitHub did not take it.
   * @throws UncertainError where it may have been done
   */
  async writeOnce(request: Write): Promise<unknown> {
    return this.#attempt(request, ({ passing, error }) => passing && error instanceof RateLimitError);
  }

  /** @returns whether it was there */
  async delete(url: string): Promise<boolean> {
    try {
      await this.write({ method: "DELETE", url });
      return true;
    } catch (error) {
      if (error instanceof NotFoundError) return false;
      throw error;
    }
  }

  /** A pause before something is tried again: longer each time, and not the same for two that are in each other's way. */
  async pause(tries: number): Promise<void> {
    await this.#sleep(this.#delay(tries), this.#signal ?? new AbortController().signal);
  }

  /**
   * Where assets of a release go, which gets our token.
   * @param template RFC 6570, `https://uploads.github.com/repos/o/r/releases/1/assets{?name,label}`
   * @throws UpstreamError for any other server than the API itself and its `uploads.`
   */
  uploadUrl(template: string, name: string): string {
    const url = URL.parse(template.replace(/\{[^}]*\}$/, ""));
    const api = new URL(this.#apiUrl);
    const uploads = `${api.protocol}//${api.host.replace(/^api\./, "uploads.")}`;
    if (url === null || ![api.origin, uploads].includes(url.origin)) {
      throw new UpstreamError("GitHub wants files to be uploaded to another server", {
        details: { api: api.origin, uploads: template },
        hint: "set GITHUB_API_URL to where the API says that it is",
      });
    }
    url.search = `?name=${encodeURIComponent(name)}`;
    return url.href;
  }

  async #attempt(request: Write, again: (failure: Failure) => boolean): Promise<unknown> {
    const { url } = request;
    let patience = LONGEST_WAIT;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#ask(request);
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (error instanceof UserError) throw error;
        const failure = asFailure(url, error);
        const wait = failure.retryAfter ?? this.#delay(tries);
        if (!again(failure) || tries === TRIES || wait > patience) throw uncertain(failure);
        patience -= wait;
        if (failure.retryAfter !== undefined) this.#waits.tell(url, wait, failure.error instanceof RateLimitError);
        await this.#sleep(wait, this.#signal ?? new AbortController().signal);
      }
    }
  }

  async #ask({ method, url, json, blob }: Write): Promise<unknown> {
    const idle = new IdleTimer(IDLE_TIMEOUT);
    const body = blob?.(() => idle.restart()) ?? (json === undefined ? undefined : JSON.stringify(json));
    const type = blob === undefined ? "application/json" : "application/octet-stream";
    try {
      const response = await fetch(url, {
        method,
        headers: {
          "user-agent": "sysext-bakery",
          ...this.#headers,
          ...(body !== undefined && { "content-type": type }),
        },
        redirect: "manual",
        signal: AbortSignal.any([idle.signal, ...(this.#signal ? [this.#signal] : [])]),
        ...(body !== undefined && { body }),
      });
      const text = await response.text();
      if (!response.ok) throw await failureOf({ method, url, repository: this.repository }, response, text);
      return text === "" ? undefined : parseAnswer(url, text);
    } finally {
      idle.stop();
    }
  }

  readonly #explain = (error: unknown): never => {
    throw explained(error, this.repository);
  };

  #delay(tries: number): number {
    return this.#retryDelay * 2 ** (tries - 1) * (0.5 + Math.random());
  }
}
