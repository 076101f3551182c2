/**
 * One image's repository at its registry: what is there under a tag or a digest, asked for as whoever we are there.
 *
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull
 */
import { WrongContentError } from "../../system/errors.ts";
import type { DownloadOptions, Headings, Http, Sink } from "../../system/http.ts";
import { RefusedError } from "../../system/http-failure.ts";
import { type Authorization, authorize } from "./authorizer.ts";
import type { Login, Logins } from "./credentials.ts";
import { apiUrl, type ImageReference } from "./reference.ts";

/** An answer to a question for a manifest. */
export interface ManifestAnswer {
  readonly headers: Headers;
  readonly bytes: Buffer;
}

interface Asking {
  readonly headers: () => Headings;
  readonly mirrorTrusted: boolean;
}

export class Repository {
  readonly reference: ImageReference;
  /** Known once the registry has asked for it. */
  login: Login | undefined;
  readonly #url: string;
  readonly #http: Http;
  readonly #logins: Logins;
  readonly #signal: AbortSignal | undefined;
  #authorization: Promise<Authorization | undefined> = Promise.resolve(undefined);

  constructor(
    reference: ImageReference,
    { http, logins, signal }: { http: Http; logins: Logins; signal?: AbortSignal | undefined },
  ) {
    this.reference = reference;
    this.#url = `${apiUrl(reference.registry)}/${reference.repository}`;
    this.#http = http;
    this.#logins = logins;
    this.#signal = signal;
  }

  /** @param name a tag or a digest */
  manifestUrl(name: string): string {
    return `${this.#url}/manifests/${name}`;
  }

  blobUrl(digest: string): string {
    return `${this.#url}/blobs/${digest}`;
  }

  /** What the registry says of a manifest without sending it: not counted where pulls are. */
  headManifest(tag: string, accept: string): Promise<Headers> {
    return this.#authorized({ accept }, ({ headers, mirrorTrusted }) =>
      this.#http.head(this.manifestUrl(tag), headers(), { mirrorTrusted, signal: this.#signal }),
    );
  }

  readManifest(tag: string, accept: string): Promise<ManifestAnswer> {
    return this.#authorized({ accept }, ({ headers, mirrorTrusted }) =>
      this.#http.readBytes(this.manifestUrl(tag), headers(), { mirrorTrusted, signal: this.#signal }),
    );
  }

  /**
   * As `Http.download`, for a body of a known kind.
   * @param limit bytes, more than which it must not have
   */
  downloading(headings: Headings, limit: number): Pick<Http, "download"> {
    return {
      download: (url: string, sink: Sink, options: DownloadOptions = {}) =>
        this.#authorized(headings, (asking) =>
          this.#http.download(url, new BoundedSink(url, sink, limit), { ...options, ...asking }),
        ),
    };
  }

  /** Asks as whoever we are so far and, where that is not enough, as who the registry wants us to be. */
  async #authorized<T>(headings: Headings, ask: (asking: Asking) => Promise<T>): Promise<T> {
    const before = this.#authorization;
    try {
      return await ask(asking(headings, await before));
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status !== 401 || error.challenge === undefined) throw error;
      // Several downloads find out at the same time that a token is no longer good.
      if (this.#authorization === before) this.#authorization = this.#authorize(error.challenge);
      const authorization = await this.#authorization;
      if (authorization === undefined) throw error;
      return await ask(asking(headings, authorization));
    }
  }

  async #authorize(challenge: string): Promise<Authorization | undefined> {
    this.login ??= await this.#logins(this.reference);
    return authorize(challenge, this.reference, this.login.credential, { http: this.#http, signal: this.#signal });
  }
}

function asking(headings: Headings, authorization: Authorization | undefined): Asking {
  const { header, mirrorTrusted = false } = authorization ?? {};
  return { headers: () => ({ ...headings, ...(header !== undefined && { authorization: header }) }), mirrorTrusted };
}

/** Takes no more than there should be. */
class BoundedSink implements Sink {
  readonly #url: string;
  readonly #sink: Sink;
  readonly #limit: number;

  constructor(url: string, sink: Sink, limit: number) {
    this.#url = url;
    this.#sink = sink;
    this.#limit = limit;
  }

  get size(): number {
    return this.#sink.size;
  }
  expect(total: number): void {
    this.#check(total);
    this.#sink.expect(total);
  }
  async write(piece: Uint8Array): Promise<void> {
    this.#check(this.size + piece.length);
    await this.#sink.write(piece);
  }
  digest(): string {
    return this.#sink.digest();
  }

  #check(size: number): void {
    if (size <= this.#limit) return;
    const details = { url: this.#url, expected: `${this.#limit} bytes at the most` };
    throw new WrongContentError("upstream sends more than it should", { details });
  }
}
