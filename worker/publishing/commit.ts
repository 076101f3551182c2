/**
 * The moment of publication: what has arrived is checked by R2 while it is copied to where clients read, and then the
 * release is appended to its extension's inventory.
 *
 * Each step may be the last one of a request that dies. None is harmful, and each is done once only however often a
 * commit is asked for:
 * 1. `release.json` is created and from then on says which bytes the release has
 * 2. files are copied under their names, by their hashes
 * 3. the inventory names the release: published
 * 4. the extension's own transfer files, where this version's are the newest
 */
import {
  addRelease,
  type Committed,
  compareVersions,
  type Draft,
  filesOf,
  findRelease,
  formatReleaseManifest,
  formatSha256Sums,
  InvalidInput,
  isSameRelease,
  linesOf,
  type PublishedRelease,
  type Publisher,
  parseReleaseManifest,
  partsOf,
  RELEASE_MANIFEST_FILE,
  type Release,
  type ReleaseFile,
  type ReleaseManifest,
  releaseName,
  storageKey,
} from "../../schema/index.ts";
import type { Clock } from "../context.ts";
import { toHex } from "../digest.ts";
import { ApiProblem, UpstreamError } from "../errors.ts";
import type { Drafts } from "./drafts.ts";
import { checkSignature, type VerifySignature } from "./index-signatures.ts";
import type { Inventories } from "./inventories.ts";
import { HashMismatch, type Objects } from "./objects.ts";

export interface CommitOrder {
  readonly draft: string;
  readonly publisher: Publisher;
  /** Of the release's lines in the index */
  readonly signature: string | undefined;
}

export interface CommitterOptions {
  readonly objects: Objects;
  readonly drafts: Drafts;
  readonly inventories: Inventories;
  /** None: signatures are kept as they come, or not at all */
  readonly verify: VerifySignature | undefined;
  readonly now: Clock;
}

/** After this long a request answers, and the next one goes on: nobody in between takes it for dead. */
const BUDGET_MILLISECONDS = 20_000;
/** A commit that began so long ago is none any more: its request is gone for certain. */
const ABANDONED_SECONDS = 3_600;
const CONFLICT_HINT = "a published release never changes: publish other bytes as a revision, 1.2.3+r1";
const ATTEMPTS = 5;

export class Committer {
  readonly #objects: Objects;
  readonly #drafts: Drafts;
  readonly #inventories: Inventories;
  readonly #verify: VerifySignature | undefined;
  readonly #now: Clock;

  constructor({ objects, drafts, inventories, verify, now }: CommitterOptions) {
    this.#verify = verify;
    this.#objects = objects;
    this.#drafts = drafts;
    this.#inventories = inventories;
    this.#now = now;
  }

  /**
   * Begins a draft; of what is published, only where some of its files are not what they should be any more.
   * @throws ApiProblem 409 where the version is published with other bytes
   */
  async open(manifest: ReleaseManifest): Promise<Draft> {
    const known = await this.#published(manifest);
    const lacking = new Set((await this.#lacking(manifest)).map(({ file }) => file));
    const opened = await this.#drafts.open(manifest);
    const files = opened.files.map((it) => (lacking.has(it.file) ? it : { ...it, missing: [] }));
    if (known === undefined || lacking.size > 0) return { ...opened, files };
    await this.#drafts.remove(manifest);
    return { ...opened, files, state: "published", ...(known.yanked && { yanked: known.yanked.reason }) };
  }

  async commit(release: Release, { draft, publisher, signature }: CommitOrder): Promise<Committed> {
    const start = this.#now();
    const { manifest } = await this.#drafts.find(release, draft);
    const known = await this.#published(manifest);
    const lacking = await this.#lacking(manifest);
    await this.#requireParts(manifest, lacking);
    const lines = formatSha256Sums(linesOf(manifest.extension, manifest));
    if (known === undefined && this.#verify) await checkSignature("the release", lines, signature, this.#verify);
    const etag = known === undefined ? await this.#claim({ ...manifest, publisher }) : undefined;
    for (const file of lacking) {
      if (this.#now() - start > BUDGET_MILLISECONDS) return { state: "copying" };
      await this.#copy(manifest, file);
    }
    if (etag !== undefined) {
      await this.#requireClaim(manifest, etag);
      await this.#append(manifest, signature);
    }
    for (const { file } of manifest.transfers) await this.#offer(manifest, file);
    await this.#drafts.remove(release);
    return { state: "published" };
  }

  async #published(manifest: ReleaseManifest): Promise<PublishedRelease | undefined> {
    const inventory = await this.#inventories.read(manifest.extension);
    const known = findRelease(inventory, manifest.version);
    if (known === undefined) return undefined;
    const stored = await this.#objects.read(manifestKey(manifest));
    const isSame = stored !== undefined && isSameRelease(parseReleaseManifest(stored.text), manifest);
    if (!isSame) throw conflict(`${releaseName(manifest)} is published already, with other files`);
    if (known.pruned?.deletedAt !== undefined)
      throw conflict(`${releaseName(manifest)} was published once, and pruned`);
    return known;
  }

  /** The files that clients would not get as the manifest says. */
  async #lacking(manifest: ReleaseManifest): Promise<ReleaseFile[]> {
    const files = filesOf(manifest);
    const heads = await Promise.all(files.map(({ file }) => this.#objects.head(fileKey(manifest, file))));
    return files.filter(({ sha256 }, at) => {
      const there = heads[at]?.checksums.sha256;
      return there === undefined || toHex(there) !== sha256;
    });
  }

  async #requireParts(manifest: ReleaseManifest, lacking: readonly ReleaseFile[]): Promise<void> {
    const drafted = lacking.length === 0 ? [] : await this.#drafts.files(manifest);
    const incomplete = drafted.filter(
      ({ file, missing }) => missing.length > 0 && lacking.some((it) => it.file === file),
    );
    if (incomplete.length === 0) return;
    const message = `${releaseName(manifest)} lacks ${incomplete.map(({ file }) => file).join(", ")}`;
    throw new ApiProblem(409, "incomplete", message, { hint: "upload what is missing" });
  }

  /** @returns the entity tag of the release manifest that stands */
  async #claim(manifest: ReleaseManifest): Promise<string> {
    const key = manifestKey(manifest);
    const text = formatReleaseManifest(manifest);
    const created = await this.#objects.write(key, text, "nothing");
    if (created !== undefined) return created.etag;

    const stored = await this.#objects.read(key);
    if (stored === undefined) throw new UpstreamError("R2", `has ${key} and has it not`);
    if (isSameRelease(parseReleaseManifest(stored.text), manifest)) return stored.etag;
    const isAbandoned = this.#now() - stored.uploaded.getTime() > ABANDONED_SECONDS * 1000;
    const replaced = isAbandoned ? await this.#objects.write(key, text, { etag: stored.etag }) : undefined;
    if (replaced !== undefined) return replaced.etag;
    const hint = "publish the same files, or wait for an hour: then yours take the place of what was not completed";
    throw new ApiProblem(409, "being_published", `${releaseName(manifest)} is being published with other files`, {
      hint,
    });
  }

  async #requireClaim(manifest: ReleaseManifest, etag: string): Promise<void> {
    if ((await this.#objects.head(manifestKey(manifest)))?.etag === etag) return;
    throw new ApiProblem(409, "being_published", `${releaseName(manifest)} is being published with other files`);
  }

  /** R2 holds what it gets against the hash: so files in parts are checked as a whole, without reading them twice. */
  async #copy(manifest: ReleaseManifest, file: ReleaseFile): Promise<void> {
    const key = fileKey(manifest, file.file);
    const parts = Array.from({ length: partsOf(file.size ?? 0) }, (_, at) => at + 1);
    const keys = parts.map((part) => this.#drafts.partKey(manifest, file, part));
    try {
      const { body, done } = await this.#join(keys, file);
      const [written] = await Promise.allSettled([this.#objects.writeBody(key, body, file.sha256), done]);
      if (written.status === "rejected") throw written.reason;
    } catch (error) {
      if (!(error instanceof HashMismatch)) throw error;
      await this.#drafts.discard(manifest, file);
      const hint = "its parts are taken away: upload it again";
      throw new ApiProblem(422, "hash_mismatch", `${file.file} is not what the manifest says`, { hint });
    }
  }

  async #join(keys: readonly string[], { file, size }: ReleaseFile) {
    const first = await this.#openPart(keys[0] ?? "", file);
    if (keys.length === 1) return { body: first.body, done: undefined };
    const { readable, writable } = new FixedLengthStream(size ?? 0);
    const join = async () => {
      for (const [at, key] of keys.entries()) {
        const part = at === 0 ? first : await this.#openPart(key, file);
        await part.body.pipeTo(writable, { preventClose: true });
      }
      await writable.close();
    };
    return { body: readable, done: join().catch((error) => writable.abort(error)) };
  }

  async #openPart(key: string, file: string): Promise<R2ObjectBody> {
    const part = await this.#objects.open(key);
    if (part !== undefined) return part;
    throw new ApiProblem(409, "incomplete", `a part of ${file} is gone`, { hint: "upload what is missing" });
  }

  async #append(manifest: ReleaseManifest, signature: string | undefined): Promise<void> {
    const publication = { publishedAt: new Date(this.#now()), signature };
    try {
      await this.#inventories.update(manifest.extension, (inventory) => addRelease(inventory, manifest, publication));
    } catch (error) {
      if (error instanceof InvalidInput) throw conflict(error.problem);
      throw error;
    }
  }

  /** Makes a transfer file the extension's own, unless that is a newer version's already. */
  async #offer({ extension, version }: ReleaseManifest, file: string): Promise<void> {
    const key = storageKey({ release: extension, file });
    const source = fileKey({ extension, version }, file);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const there = await this.#objects.head(key);
      const theirs = there?.customMetadata?.version;
      if (theirs !== undefined && compareVersions(theirs, version) >= 0) return;
      const stored = await this.#objects.read(source);
      if (stored === undefined) throw new UpstreamError("R2", `has lost ${source}`);
      const expected = there === undefined ? "nothing" : { etag: there.etag };
      if ((await this.#objects.write(key, stored.text, expected, { customMetadata: { version } })) !== undefined)
        return;
    }
    throw new UpstreamError("R2", `has ${key} changed by others all the time`);
  }
}

function fileKey(release: Release, file: string): string {
  return storageKey({ release: releaseName(release), file });
}

function manifestKey(release: Release): string {
  return fileKey(release, RELEASE_MANIFEST_FILE);
}

function conflict(message: string): ApiProblem {
  return new ApiProblem(409, "conflict", message, { hint: CONFLICT_HINT });
}
