/**
 * HTTP for builds: through a mirror where one is set, retried where that can help, and with errors that name the URL.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { UpstreamError, UsageError } from "./errors.ts";
import { asFailure, failedStatus, RateLimitError } from "./http-failure.ts";
import { partOf, Repetition, strongTag } from "./http-range.ts";
import { IdleTimer } from "./idle-timer.ts";
import { Waits } from "./waits.ts";

export interface HttpOptions {
  /** `BAKERY_MIRROR`: where `https://host/path` is asked for as `<mirror>/host/path`. */
  readonly mirror?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The pause before the second try; each further one is twice as long. Milliseconds. */
  readonly retryDelay?: number;
  /** Without a byte for so long, a connection counts as dead. Milliseconds. */
  readonly idleTimeout?: number;
  /** Told when a server makes us wait for a second or more: a line of the story. */
  readonly onWait?: ((line: string) => void) | undefined;
  /** How time passes; default: as it does. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/** Where the bytes of a download go, and what is there already. */
export interface Sink {
  /** Bytes that it has. */
  readonly size: number;
  /** How many it will have; told again with each try. */
  expect(total: number): void;
  write(piece: Uint8Array): Promise<void>;
  /** The sha256 of what it has, as hex. */
  digest(): string;
}

export interface DownloadOptions extends Pick<Attempt, "headers" | "mirrorTrusted"> {
  readonly onDownload?: OnDownload | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Told of a try: all there is in bytes, where the server says it, and what is here. Gives back where to report more. */
export type OnDownload = (total: number | undefined, here: number) => (bytes: number) => void;

interface Attempt {
  readonly method?: Method;
  /** A form that is sent, and to nobody else than the address. */
  readonly form?: URLSearchParams;
  readonly signal?: AbortSignal | undefined;
  /** Asked for anew with each try. */
  readonly headers?: (() => Headings) | undefined;
  /** The credential among them has come through the mirror, if there is one, and may go back there. */
  readonly mirrorTrusted?: boolean;
  /** What has been reached: further tries are due as long as it grows. */
  readonly reached?: () => number;
  /** Statuses beside 2xx that `read` makes sense of. */
  readonly accepts?: readonly number[];
}

interface Ask extends Pick<Attempt, "form" | "mirrorTrusted"> {
  readonly signal: AbortSignal;
  readonly method: Method;
}

type Method = "GET" | "HEAD" | "POST";

/** Headers of a request, by lower-case name. */
export type Headings = Readonly<Record<string, string>>;

const TRIES = 4;
/** What a request may wait in all. Longer than this, a rate limit is for the user to wait out. Milliseconds. */
const LONGEST_WAIT = 90_000;
/** What a checksum file or an API's answer may be at the most. Bytes. */
const MAX_TEXT = 32 * 1024 ** 2;
/** https://fetch.spec.whatwg.org/#redirect-status, and as many as there */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 20;

export class Http {
  readonly #mirror: string | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #retryDelay: number;
  readonly #idleTimeout: number;
  readonly #sleep: NonNullable<HttpOptions["sleep"]>;
  readonly #waits: Waits;

  /** @throws UsageError for a mirror that is no http(s) URL */
  constructor({ mirror, signal, retryDelay = 500, idleTimeout = 60_000, onWait, sleep = pause }: HttpOptions = {}) {
    if (mirror && !/^https?:$/.test(URL.parse(mirror)?.protocol ?? "")) {
      throw new UsageError(`BAKERY_MIRROR is no http(s) URL: ${mirror}`);
    }
    this.#mirror = mirror?.replace(/\/+$/, "") || undefined;
    this.#signal = signal;
    this.#retryDelay = retryDelay;
    this.#idleTimeout = idleTimeout;
    this.#sleep = sleep;
    this.#waits = new Waits(onWait);
  }

  /**
   * Reads a text of moderate size, with the headers that came with it.
   * @throws NotFoundError for 404 and 410
   * @throws UpstreamError for any other failure, after retries where they may help
   */
  async read(url: string, headers?: Headings): Promise<{ text: string; headers: Headers }> {
    const answer = await this.readBytes(url, headers);
    return { text: answer.bytes.toString("utf8"), headers: answer.headers };
  }

  /** As `read`, for what is no text. */
  async readBytes(
    url: string,
    headers?: Headings,
    options: Pick<Attempt, "mirrorTrusted" | "signal" | "form" | "method" | "accepts"> = {},
  ): Promise<{ bytes: Buffer; headers: Headers; status: number }> {
    const read = async (response: Response, progressed: () => void) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of response.body ?? []) {
        progressed();
        size += chunk.length;
        if (size > MAX_TEXT)
          throw new UpstreamError(`the answer is larger than ${MAX_TEXT} bytes`, { details: { url } });
        chunks.push(chunk);
      }
      const { headers, status } = response;
      return { bytes: Buffer.concat(chunks), headers, status };
    };
    return this.#attempt(url, read, { ...options, headers: () => headers ?? {} });
  }

  /** As `read`, for JSON. */
  async json(url: string, headers?: Headings): Promise<{ value: unknown; headers: Headers }> {
    const answer = await this.read(url, headers);
    try {
      return { value: JSON.parse(answer.text), headers: answer.headers };
    } catch (cause) {
      throw new UpstreamError("the answer is not JSON", { details: { url }, cause });
    }
  }

  /** The sha256 of a body, of which nothing is kept. */
  async sha256(url: string, headers: Headings = {}): Promise<string> {
    const read = async (response: Response, progressed: () => void) => {
      const hash = createHash("sha256");
      for await (const chunk of response.body ?? []) {
        progressed();
        hash.update(chunk);
      }
      return hash.digest("hex");
    };
    return this.#attempt(url, read, { headers: () => ({ ...headers, "accept-encoding": "identity" }) });
  }

  /** As `readBytes`, for what answers a form. It goes through no mirror, and is not sent again where it is redirected. */
  async submit(url: string, form: URLSearchParams, signal?: AbortSignal): Promise<Buffer> {
    return (await this.readBytes(url, {}, { method: "POST", form, signal })).bytes;
  }

  /** What a server says of a body that it does not send. */
  async head(
    url: string,
    headers: Headings = {},
    options: Pick<Attempt, "mirrorTrusted" | "signal"> = {},
  ): Promise<Headers> {
    const read = async (response: Response) => response.headers;
    return this.#attempt(url, read, { ...options, method: "HEAD", headers: () => headers });
  }

  /** Whether a mirror is asked instead. */
  isMirrored(url: string): boolean {
    return this.addressOf(url) !== url;
  }

  /** Where a URL is asked for: at the mirror, if there is one. */
  addressOf(url: string): string {
    return this.#mirrored(url);
  }

  /**
   * Brings into a sink what it has not yet. A try that ends early is followed by one that goes on from there (RFC 9110
   * section 14); a server that begins anew is held against what came before.
   */
  async download(url: string, sink: Sink, options: DownloadOptions = {}): Promise<void> {
    const { onDownload, signal, headers: others = () => ({}), mirrorTrusted = false } = options;
    let etag: string | null = null;
    const headers = () => ({
      ...others(),
      // The bytes as they are in the file, and their number as it is: a server may compress on the way.
      "accept-encoding": "identity",
      ...(sink.size > 0 && { range: `bytes=${sink.size}-`, ...(etag !== null && { "if-range": etag }) }),
    });
    await this.#attempt(
      url,
      async (response, progressed) => {
        const part = partOf(url, response, sink.size);
        if (part.isComplete) return response.body?.cancel();
        etag = strongTag(response.headers);
        if (part.total !== undefined) sink.expect(part.total);
        const report = onDownload?.(part.total, part.start);
        const repeated = new Repetition(url, part.start === 0 ? sink : undefined);
        for await (const piece of response.body ?? []) {
          progressed();
          const fresh = repeated.pass(piece);
          if (fresh.length > 0) await sink.write(fresh);
          report?.(piece.length);
        }
        repeated.end();
      },
      { signal, headers, mirrorTrusted, reached: () => sink.size, accepts: [416] },
    );
  }

  /** Asks, reads, and does both again where a failure may pass. `progressed` is to be called for each chunk read. */
  async #attempt<T>(
    url: string,
    read: (response: Response, progressed: () => void) => Promise<T>,
    { signal: own, method = "GET", headers = () => ({}), reached = () => 0, accepts = [], ...sent }: Attempt = {},
  ): Promise<T> {
    const asked = sent.form === undefined ? this.#mirrored(url) : url;
    const ended = AbortSignal.any([this.#signal, own].filter((signal) => signal !== undefined));
    let patience = LONGEST_WAIT;
    for (let tries = 1; ; tries++) {
      const idle = new IdleTimer(this.#idleTimeout);
      const before = reached();
      try {
        const signal = AbortSignal.any([ended, idle.signal]);
        const response = await this.#ask(url, headers(), { signal, method, ...sent });
        if (!response.ok && !accepts.includes(response.status)) throw await failedStatus(asked, response);
        return await read(response, () => idle.restart());
      } catch (error) {
        ended.throwIfAborted();
        const failure = asFailure(asked, error);
        if (reached() > before) tries = 1;
        const wait = failure.retryAfter ?? this.#retryDelay * 2 ** (tries - 1) * (0.5 + Math.random());
        if (!failure.passing || tries === TRIES || wait > patience) throw failure.error;
        patience -= wait;
        if (failure.retryAfter !== undefined) this.#waits.tell(url, wait, failure.error instanceof RateLimitError);
        // Nobody is listened to meanwhile.
        idle.stop();
        await this.#sleep(wait, ended);
      } finally {
        idle.stop();
      }
    }
  }

  /** Follows redirects itself, for these lead through the mirror too. */
  async #ask(url: string, headers: Headings, { signal, method, form, mirrorTrusted }: Ask): Promise<Response> {
    const { authorization, ...others } = headers;
    let asked = form === undefined ? this.#mirrored(url) : url;
    for (let hops = 0; ; hops++) {
      // A credential is for the server that it was given for: no mirror gets it, and no target of a redirect.
      const server = mirrorTrusted ? this.#meant(asked) : asked;
      const trusted = authorization !== undefined && new URL(server).origin === new URL(url).origin;
      const response = await fetch(asked, {
        method,
        headers: { "user-agent": "sysext-bakery", ...others, ...(trusted && { authorization }) },
        ...(form !== undefined && { body: form }),
        redirect: "manual",
        signal,
      });
      const location = response.headers.get("location");
      if (!REDIRECTS.has(response.status) || location === null || form !== undefined) return response;

      await response.body?.cancel();
      const next = this.#mirrored(URL.parse(location, asked)?.href ?? location);
      // What comes after a question mark may be as good as a password: storage signs its addresses there.
      const details = { url: withoutQuery(asked), location: withoutQuery(location) };
      if (hops === MAX_REDIRECTS) throw new UpstreamError("redirected without end", { details });
      const [from, to] = [URL.parse(asked)?.protocol, URL.parse(next)?.protocol];
      if (to !== "https:" && (to !== "http:" || from !== "http:")) {
        throw new UpstreamError("redirected to what is no https URL", { details });
      }
      asked = next;
    }
  }

  /** The address that a mirror is asked for. */
  #meant(asked: string): string {
    if (this.#mirror === undefined || !asked.startsWith(`${this.#mirror}/`)) return asked;
    const meant = asked.replace(`${this.#mirror}/`, "https://");
    return URL.canParse(meant) ? meant : asked;
  }

  #mirrored(url: string): string {
    if (this.#mirror === undefined || url.startsWith(`${this.#mirror}/`)) return url;
    return url.replace(/^https:\/\//, `${this.#mirror}/`);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return sleep(milliseconds, undefined, { signal });
}

function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, "?…");
}
