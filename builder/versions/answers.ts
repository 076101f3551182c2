/**
 * Lists of upstreams, kept below the cache in `answers/`: asked again, an upstream says in a few bytes that its list is
 * still the same, which costs nothing of GitHub's rate limit; without a network, what it said last counts.
 *
 * A file is a line of JSON, what came with the answer, and the answer's bytes.
 * RFC 9110 section 13; https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { sha256Of } from "../system/digest.ts";
import { NotFoundError, UserError } from "../system/errors.ts";
import type { Headings, Http } from "../system/http.ts";
import { touch } from "../system/kept.ts";
import { writeAtomically } from "../system/work-dir.ts";

export interface Answer {
  readonly url: string;
  readonly bytes: Buffer;
  /** RFC 8288 */
  readonly link?: string;
}

export interface AnswersOptions {
  readonly http: Http;
  /** Made if need be. */
  readonly folder: string;
  /** Nothing is asked of the network. */
  readonly offline?: boolean;
}

const record = v.object({
  url: v.string(),
  sha256: v.string(),
  etag: v.exactOptional(v.string()),
  lastModified: v.exactOptional(v.string()),
  link: v.exactOptional(v.string()),
});
type Record = v.InferOutput<typeof record>;

interface Kept<T> {
  readonly value: T;
  readonly record: Record;
}

export class Answers {
  readonly #http: Http;
  readonly #folder: string;
  readonly #offline: boolean;
  #writing: Promise<void> = Promise.resolve();

  constructor({ http, folder, offline = false }: AnswersOptions) {
    this.#http = http;
    this.#folder = folder;
    this.#offline = offline;
  }

  /**
   * @param read makes sense of an answer, or throws: then it is not kept
   * @throws UserError offline, where nothing is kept; else what `Http.read` throws
   */
  async get<T>(url: string, read: (answer: Answer) => T | Promise<T>, headers: Headings = {}): Promise<T> {
    const file = this.#fileOf(url, headers);
    const kept = await this.#recall(file, url, read);
    if (this.#offline) {
      if (kept !== undefined) return kept.value;
      throw this.#neverAsked(url);
    }
    const conditions = kept === undefined ? {} : conditionsOf(kept.record);
    const accepts = Object.keys(conditions).length === 0 ? [] : [304];
    const answered = await this.#http.readBytes(url, { ...headers, ...conditions }, { accepts });
    if (answered.status === 304 && kept !== undefined) {
      await touch(file);
      return kept.value;
    }
    const { bytes } = answered;
    const said = (name: string) => answered.headers.get(name) ?? undefined;
    const [link, etag, lastModified] = [said("link"), said("etag"), said("last-modified")];
    const linked = link === undefined ? {} : { link };
    const value = await read({ url, bytes, ...linked });
    const validators = { ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }) };
    await this.#keep(file, { url, sha256: sha256Of(bytes), ...validators, ...linked }, bytes);
    return value;
  }

  /**
   * As `get`, of what never changes: it is asked for once, and then what is kept counts.
   * @returns undefined where there is nothing, which is kept too
   */
  async once<T>(url: string, read: (answer: Answer) => T | Promise<T>): Promise<T | undefined> {
    const file = this.#fileOf(url, {});
    const readSome = (answer: Answer) => (answer.bytes.length === 0 ? undefined : read(answer));
    const kept = await this.#recall(file, url, readSome);
    if (kept !== undefined) {
      await touch(file);
      return kept.value;
    }
    if (this.#offline) throw this.#neverAsked(url);
    const bytes = await this.#http.readBytes(url).then(
      (answered) => answered.bytes,
      (error) => {
        if (error instanceof NotFoundError) return Buffer.alloc(0);
        throw error;
      },
    );
    const value = await readSome({ url, bytes });
    await this.#keep(file, { url, sha256: sha256Of(bytes) }, bytes);
    return value;
  }

  /** Whoever has another token sees other lists, and a mirror's entity tags are its own. */
  #fileOf(url: string, headers: Headings): string {
    return join(this.#folder, sha256Of(JSON.stringify([this.#http.addressOf(url), headers])));
  }

  #neverAsked(url: string): UserError {
    const details = { url, cache: this.#folder };
    return new UserError("it was never asked for", { details, hint: "run it once without --offline" });
  }

  /** Undefined for one that is damaged, or that makes no sense any more. */
  async #recall<T>(file: string, url: string, read: (answer: Answer) => T | Promise<T>): Promise<Kept<T> | undefined> {
    try {
      const content = await readFile(file);
      const end = content.indexOf("\n");
      const bytes = content.subarray(end + 1);
      const found = v.parse(record, JSON.parse(content.toString("utf8", 0, end)));
      if (found.url !== url || found.sha256 !== sha256Of(bytes)) return undefined;
      const { link } = found;
      return { value: await read({ url, bytes, ...(link !== undefined && { link }) }), record: found };
    } catch {
      return undefined;
    }
  }

  /** The list is here, also where it cannot be kept: whoever needs it offline is told then. */
  async #keep(file: string, told: Record, bytes: Uint8Array): Promise<void> {
    const content = Buffer.concat([Buffer.from(`${JSON.stringify(told)}\n`), bytes]);
    // One after the other: the same list may be asked for twice at the same time.
    this.#writing = this.#writing.then(async () => {
      try {
        await mkdir(this.#folder, { recursive: true, mode: 0o700 });
        await writeAtomically(file, (partial) => writeFile(partial, content, { mode: 0o600 }));
      } catch {}
    });
    await this.#writing;
  }
}

function conditionsOf({ etag, lastModified }: Record): Headings {
  if (etag !== undefined) return { "if-none-match": etag };
  return lastModified === undefined ? {} : { "if-modified-since": lastModified };
}
