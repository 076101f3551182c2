/**
 * A bakery as a mirror reads it: any that has SHA256SUMS. What it says is believed as far as its signatures go, and
 * index and signature are read so that they are one pair.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { InvalidInput, parseSha256Sums } from "../../schema/index.ts";
import { SIGNATURE_SUFFIXES } from "../publish/index-signer.ts";
import type { Keyring } from "../signing/keyring.ts";
import { NotFoundError, UpstreamError, UserError } from "../system/errors.ts";
import type { Headings, Http } from "../system/http.ts";
import type { SignedIndex } from "./mirror-state.ts";

export interface UpstreamOptions {
  /** Without a slash at the end */
  readonly url: string;
  readonly http: Http;
  /** Whose signatures count; undefined: nobody's are looked at */
  readonly keyring: Keyring | undefined;
  /** Whether signatures may be there that nobody looks at */
  readonly unsigned: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Between index and signature the bakery may have published: it is asked again after so many milliseconds. */
const PAUSES_MS = [100, 400];
/** Some caches have to be told not to answer themselves: RFC 9111 section 5.2.1.4. */
const ANEW = { "cache-control": "no-cache" } as const;
/** OpenPGP signatures have some hundred bytes. */
const MAX_SIGNATURE_BYTES = 16 * 1024;
const NOT_MODIFIED = 304;

type Signature = NonNullable<SignedIndex["signature"]>;

/** What is there is no index that clients read. */
export class NoIndexError extends UpstreamError {}

export class UpstreamBakery {
  readonly url: string;
  readonly http: Http;
  readonly #keyring: Keyring | undefined;
  readonly #unsigned: boolean;
  readonly #signal: AbortSignal | undefined;

  constructor({ url, http, keyring, unsigned, signal }: UpstreamOptions) {
    this.url = url;
    this.http = http;
    this.#keyring = keyring;
    this.#unsigned = unsigned;
    this.#signal = signal;
  }

  /** @param path public, decoded */
  addressOf(path: string): string {
    return this.url + encodeURI(path);
  }

  /** @returns undefined where there is nothing */
  async read(path: string): Promise<Buffer | undefined> {
    return (await this.http.readBytes(this.addressOf(path)).catch(absent))?.bytes;
  }

  /**
   * An index with its signature. One that is known costs one request where it is the same still: of its signature if
   * it has one, for that cannot be the same of another index.
   * @param known what was read last
   * @returns that very object where nothing has changed; undefined where there is no index
   * @throws UserError for one that nobody has signed whom we trust
   * @throws NoIndexError for one that no client reads
   */
  async index(path: string, known?: SignedIndex): Promise<SignedIndex | undefined> {
    if (known !== undefined && (await this.#isTrusted(known)) && (await this.#isUnchanged(path, known))) return known;
    const pauses = PAUSES_MS.values();
    for (let headers: Headings = {}; ; headers = ANEW) {
      const index = await this.#indexText(path, headers);
      if (index === undefined) return undefined;
      const signature = await this.#signature(path, headers);
      if (signature === undefined) {
        if (this.#keyring === undefined) return index;
        throw this.#notTrusted(`${path} is not signed`, "mirror a bakery that is not signed with --unsigned");
      }
      const pair = { ...index, signature };
      if (this.#keyring === undefined && !this.#unsigned) throw this.#noKeyring(path);
      if (await this.#isOne(path, pair)) return pair;
      const pause = pauses.next().value;
      if (pause === undefined) {
        const hint =
          "is the keyring this bakery's? if somebody publishes there just now, try again in a minute; if it persists, do not trust the bakery";
        throw this.#notTrusted(`the signature of ${path} is not good`, hint);
      }
      await sleep(pause, undefined, this.#signal && { signal: this.#signal });
    }
  }

  async #isTrusted({ text, signature }: SignedIndex): Promise<boolean> {
    if (this.#keyring === undefined) return this.#unsigned || signature === undefined;
    return signature !== undefined && this.#keyring.verify(text, signature.base64);
  }

  async #isUnchanged(path: string, { etag, signature }: SignedIndex): Promise<boolean> {
    const tag = signature === undefined ? etag : signature.etag;
    if (tag === undefined) return false;
    const url = this.addressOf(path + (signature?.suffix ?? ""));
    const answer = await this.http.readBytes(url, { "if-none-match": tag }, { accepts: [NOT_MODIFIED] }).catch(absent);
    return answer?.status === NOT_MODIFIED;
  }

  /** Whether index and signature belong together; where nobody's key is known, whether the index is still this one. */
  async #isOne(path: string, { text, signature }: SignedIndex & { signature: Signature }): Promise<boolean> {
    if (this.#keyring !== undefined) return this.#keyring.verify(text, signature.base64);
    return (await this.#indexText(path, ANEW))?.text === text;
  }

  async #indexText(path: string, headers: Headings): Promise<Omit<SignedIndex, "signature"> | undefined> {
    const url = this.addressOf(path);
    const answer = await this.http.readBytes(url, headers).catch(absent);
    if (answer === undefined) return undefined;
    const text = answer.bytes.toString("utf8");
    try {
      parseSha256Sums(text);
    } catch (cause) {
      if (!(cause instanceof InvalidInput)) throw cause;
      const hint = "no client would read it; is this a bakery?";
      throw new NoIndexError(cause.message, { details: { url }, hint, cause });
    }
    return { text, ...etagOf(answer.headers) };
  }

  async #signature(path: string, headers: Headings): Promise<Signature | undefined> {
    for (const suffix of SIGNATURE_SUFFIXES) {
      const answer = await this.http.readBytes(this.addressOf(path + suffix), headers).catch(absent);
      if (answer === undefined || !isSignature(answer.bytes)) continue;
      return { suffix, base64: answer.bytes.toString("base64"), ...etagOf(answer.headers) };
    }
    return undefined;
  }

  #noKeyring(path: string): UserError {
    const keyring = `${this.url}/keys/import-pubring.gpg`;
    return new UserError(`${path} is signed, and there is no keyring to verify it with`, {
      details: { bakery: this.url, keyring },
      hint: "get the keyring (curl -O), hold its fingerprint (gpg --show-keys) against what the bakery's people say, and give it as --keyring; or --unsigned, to copy signatures that nobody looks at",
    });
  }

  #notTrusted(message: string, hint: string): UserError {
    return new UserError(message, {
      details: { bakery: this.url, trusted: this.#keyring?.fingerprints.join(", ") ?? "" },
      hint,
    });
  }
}

function etagOf(headers: Headers): { etag?: string } {
  const etag = headers.get("etag");
  return etag === null ? {} : { etag };
}

/** Some servers answer with a page where there is nothing. RFC 9580 section 4.2: the first bit of a packet is set. */
function isSignature(bytes: Buffer): boolean {
  if (bytes.length > MAX_SIGNATURE_BYTES) return false;
  const [first = 0] = bytes;
  return first >= 0x80 || bytes.toString("latin1").startsWith("-----BEGIN PGP SIGNATURE-----");
}

export function absent(error: unknown): undefined {
  if (!(error instanceof NotFoundError)) throw error;
}
