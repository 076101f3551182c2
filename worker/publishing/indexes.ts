/**
 * Indexes, as publishers put them: signed by them, and accepted only if they say what is published, line by line. In
 * front of that, a signed one may have the day until which it may be believed: the signer's, and not the bakery's.
 */
import {
  formatPublishedIndex,
  formatSha256Sums,
  GLOBAL_INDEX,
  type IndexEntry,
  type IndexPut,
  type IndexRequest,
  type IndexState,
  type Inventory,
  indexOf,
  isBestBefore,
  isListed,
  linesOf,
  PUBLISHED_INDEX_FILE,
  type PublishedIndex,
  parsePublishedIndex,
  parseSha256Sums,
  storageKey,
  succeed,
  withLinesOf,
  withoutBestBefore,
} from "../../schema/index.ts";
import type { Clock } from "../context.ts";
import { ApiProblem, UpstreamError } from "../errors.ts";
import type { IndexCache } from "../indexes/index-cache.ts";
import { makeIndexCopy } from "../indexes/index-copy.ts";
import type { Outbox } from "../webhook/outbox.ts";
import type { CatalogueKeeper } from "./catalogue-record.ts";
import { checkDate } from "./index-date.ts";
import { checkSignatures, type VerifySignature } from "./index-signatures.ts";
import type { Inventories } from "./inventories.ts";
import type { Objects } from "./objects.ts";
import type { RecentRecord } from "./recent-record.ts";

/** The index of the extension itself, or the global one, in which the extension's lines change. */
export type Scope = "extension" | "global";

export interface IndexPublisherOptions {
  readonly objects: Objects;
  readonly inventories: Inventories;
  readonly recent: RecentRecord;
  readonly catalogue: CatalogueKeeper;
  /** None: nobody is told */
  readonly outbox: Outbox | undefined;
  readonly indexCache: IndexCache;
  /** None: any signature is taken, and none is demanded */
  readonly verify: VerifySignature | undefined;
  readonly settleSeconds: number;
  readonly now: Clock;
}

export interface PutOptions {
  /** Of the state that the request is made from; null: there was no index */
  readonly etag: string | null;
  /** The bakery's address, for those who are told */
  readonly base: string;
  waitUntil(work: Promise<unknown>): void;
}

interface Stored {
  readonly index: PublishedIndex;
  readonly etag: string;
}

const HINT = "ask for the state of the index, and put what follows from it";

export class IndexPublisher {
  readonly #options: IndexPublisherOptions;

  constructor(options: IndexPublisherOptions) {
    this.#options = options;
  }

  async state(extension: string, scope: Scope): Promise<IndexState> {
    const [stored, inventory] = await Promise.all([
      this.#read(releaseOf(extension, scope)),
      this.#options.inventories.read(extension),
    ]);
    const last = stored?.index.generations.at(-1);
    const lines = linesOfText(last?.text ?? "");
    const known = new Set(lines.map(({ file, sha256 }) => `${sha256} ${file}`));
    const isNew = ({ file, sha256 }: IndexEntry) => !known.has(`${sha256} ${file}`);
    const unheard = inventory.releases.filter((it) => isListed(it) && linesOf(extension, it).some(isNew));
    return {
      etag: stored?.etag ?? null,
      text: expectedText(scope, inventory, lines),
      last: last ?? null,
      signatures: Object.fromEntries(
        unheard.flatMap(({ version, signature }) => (signature === undefined ? [] : [[version, signature]])),
      ),
    };
  }

  /**
   * @throws ApiProblem 412 where somebody else was faster, 422 for an index that is not what it has to be
   */
  async put(
    extension: string,
    scope: Scope,
    request: IndexRequest,
    { etag, base, waitUntil }: PutOptions,
  ): Promise<IndexPut> {
    const { objects, inventories, recent, catalogue, outbox, indexCache, verify, settleSeconds, now } = this.#options;
    const release = releaseOf(extension, scope);
    const [stored, inventory] = await Promise.all([this.#read(release), inventories.read(extension)]);
    if ((stored?.etag ?? null) !== etag) throw changedMeanwhile();
    const last = stored?.index.generations.at(-1);
    const before = linesOfText(last?.text ?? "");
    const expected = expectedText(scope, inventory, before);
    const said = withoutBestBefore(request.text);
    if (said.text !== expected) throw mismatch(said.text, expected, inventory);
    const noteIt = async () => {
      if (scope === "extension") await Promise.all([recent.note(inventory), catalogue.note(inventory)]);
    };
    if (last !== undefined && isSame(last, request)) {
      // It may have been put before there were such records.
      await noteIt();
      return { effectiveAt: last.effectiveAt, unchanged: true };
    }
    checkDate(said, request.signatures.index !== undefined, { now: now(), settleSeconds });
    await checkSignatures(request, {
      verify,
      isSigned: last?.signatures.index !== undefined,
      hasSeries: scope === "extension",
    });

    const readAt = now();
    const index = succeed(stored?.index, request, { now: new Date(readAt), settleSeconds });
    // Before the index: whoever is cut off in between puts the index again, and all that comes before it.
    await noteIt();
    const effectiveAt = index.generations.at(-1)?.effectiveAt ?? "";
    const held = scope === "extension" ? await outbox?.hold({ inventory, before, effectiveAt, base }) : undefined;
    const written = await objects.write(
      keyOf(release),
      formatPublishedIndex(index),
      stored === undefined ? "nothing" : { etag: stored.etag },
    );
    if (written === undefined) throw changedMeanwhile();
    const copy = makeIndexCopy(index, { origin: "r2", etag: written.etag }, readAt);
    waitUntil(indexCache.learn(release, copy));
    if (outbox !== undefined && held !== undefined) waitUntil(outbox.send(held));
    return { effectiveAt, unchanged: false };
  }

  /** What an index document says, now and soon; undefined where there is none. */
  async document(extension: string, scope: Scope): Promise<PublishedIndex | undefined> {
    return (await this.#read(releaseOf(extension, scope)))?.index;
  }

  async #read(release: string): Promise<Stored | undefined> {
    const key = keyOf(release);
    const stored = await this.#options.objects.read(key);
    if (stored === undefined) return undefined;
    try {
      return { index: parsePublishedIndex(stored.text), etag: stored.etag };
    } catch (cause) {
      throw new UpstreamError("R2", `has ${key}, which cannot be read`, { cause });
    }
  }
}

function releaseOf(extension: string, scope: Scope): string {
  return scope === "global" ? GLOBAL_INDEX.release : extension;
}

function keyOf(release: string): string {
  return storageKey({ release, file: PUBLISHED_INDEX_FILE });
}

/** The empty index, which clients never see, has no lines. */
function linesOfText(text: string): IndexEntry[] {
  return text === "" ? [] : parseSha256Sums(text);
}

function expectedText(scope: Scope, inventory: Inventory, before: readonly IndexEntry[]): string {
  const lines = indexOf(inventory);
  return formatSha256Sums(scope === "extension" ? lines : withLinesOf(inventory.extension, lines, before));
}

function isSame(one: IndexRequest, other: IndexRequest): boolean {
  const text = ({ signatures }: IndexRequest) =>
    JSON.stringify([signatures.index, Object.entries(signatures.series ?? {}).sort()]);
  return one.text === other.text && text(one) === text(other);
}

function changedMeanwhile(): ApiProblem {
  return new ApiProblem(412, "index_changed", "the index was changed by somebody else meanwhile", { hint: HINT });
}

/** Names the first line that is wrong, and how. */
function mismatch(text: string, expected: string, inventory: Inventory): ApiProblem {
  const wanted = new Map(linesOfText(expected).map(({ file, sha256 }) => [file, sha256]));
  const given = new Map(linesOfText(text).map(({ file, sha256 }) => [file, sha256]));
  const problem = (message: string) => new ApiProblem(422, "index_mismatch", message, { hint: HINT });
  for (const [file, sha256] of given) {
    if (isBestBefore({ file })) return problem(`the index has ${file}, and not one date in its first line`);
    if (!wanted.has(file)) return problem(`the index names ${file}, which is not ${whyNot(file, inventory)}`);
    if (wanted.get(file) !== sha256) return problem(`the index has another hash for ${file} than what is published`);
  }
  for (const file of wanted.keys()) if (!given.has(file)) return problem(`the index forgets ${file}`);
  return problem("the index has its lines in another order: newest first, extensions by name");
}

function whyNot(file: string, inventory: Inventory): string {
  const isPublished = inventory.releases.some((it) =>
    linesOf(inventory.extension, it).some((line) => line.file === file),
  );
  return isPublished ? "listed: it was withdrawn" : "published";
}
