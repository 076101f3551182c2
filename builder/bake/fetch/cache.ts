/**
 * Downloads that are kept, by the digest that vouches for them: nothing is fetched twice, and a bake needs no network.
 *
 * `files/<algorithm>-<hex>` are whole and were right when they were put there; `partial/<key>.<owner>` are under way,
 * or were when their process ended, and are gone on from; `known/<digest of what a recipe says>` remember which
 * digest upstream vouched for.
 */
import { constants } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Download } from "../../recipe/index.ts";
import { sha256Of } from "../../system/digest.ts";
import { errorCode, ToolError, UserError, WrongContentError } from "../../system/errors.ts";
import type { Http, OnDownload } from "../../system/http.ts";
import { isFull, noSpace } from "../../system/no-space.ts";
import { isGone, OWNER, OWNER_PATTERN } from "../../system/owner.ts";
import { type HashAlgorithm, type Measured, Spool } from "../../system/spool.ts";
import { KnownDigests } from "./known-digests.ts";
import { prune } from "./prune.ts";
import { checkContent, type Wanted } from "./resolve.ts";

/** A download that is here, or on its way. */
export interface Arrival extends AsyncDisposable {
  readonly spool: Spool;
  /** When it is here, and right. */
  readonly measured: Promise<Measured>;
}

export interface Getting {
  readonly http: Pick<Http, "download">;
  readonly signal?: AbortSignal | undefined;
  readonly onDownload?: OnDownload;
}

interface Taken {
  users: number;
  readonly arriving: Promise<Omit<Arrival, typeof Symbol.asyncDispose>>;
}

export interface CacheOptions {
  /** Nothing is asked of the network. */
  readonly offline?: boolean;
}

export class DownloadCache {
  readonly offline: boolean;
  /** Which digests upstreams have vouched for. */
  readonly known: KnownDigests;
  readonly folder: string;
  readonly #taken = new Map<string, Taken>();

  constructor(folder: string, { offline = false }: CacheOptions = {}) {
    this.folder = folder;
    this.offline = offline;
    this.known = new KnownDigests(join(folder, "known"));
  }

  /** @throws UserError when offline and it is not here; other failures come by the arrival */
  async take(download: Wanted, getting: Getting): Promise<Arrival> {
    const key = keyOf(download) ?? download.address;
    const before = this.#taken.get(key);
    const taken = before ?? { users: 0, arriving: this.#arrive(download, getting) };
    taken.users += 1;
    if (before === undefined) this.#taken.set(key, taken);
    const release = async () => {
      taken.users -= 1;
      if (taken.users > 0) return;
      this.#taken.delete(key);
      await (await taken.arriving).spool[Symbol.asyncDispose]();
    };
    try {
      return { ...(await taken.arriving), [Symbol.asyncDispose]: release };
    } catch (error) {
      if (this.#taken.get(key) === taken) this.#taken.delete(key);
      throw error;
    }
  }

  /** Puts what is kept of these downloads into another cache. */
  async copyTo(folder: string, downloads: readonly Download[]): Promise<void> {
    const other = new DownloadCache(folder);
    await other.#prepare();
    for (const download of downloads) {
      const known = await this.known.recall(download);
      if (known === undefined) continue;
      const name = join("files", `${known.expected.algorithm}-${known.expected.hex}`);
      await copyFile(join(this.folder, name), join(folder, name), constants.COPYFILE_FICLONE);
      await other.known.remember(download, known);
    }
  }

  /** Puts files that are kept, by their sha256, into another cache. */
  async copyFiles(folder: string, digests: readonly string[]): Promise<void> {
    await new DownloadCache(folder).#prepare();
    for (const name of digests.map((sha256) => join("files", `sha256-${sha256}`))) {
      await copyFile(join(this.folder, name), join(folder, name), constants.COPYFILE_FICLONE);
    }
  }

  async #arrive(download: Wanted, getting: Getting): Promise<Omit<Arrival, typeof Symbol.asyncDispose>> {
    await this.#prepare();
    const kept = await this.#kept(download);
    if (kept !== undefined) return kept;
    if (this.offline) {
      throw new UserError(`${download.file} is not in the download cache`, {
        details: { url: download.address, cache: this.folder },
        hint: "run it once without --offline",
      });
    }
    const path = await this.#partial(download);
    const spool = await Spool.open(path, algorithmsOf(download)).catch(this.#explain);
    const measured = this.#download(download, path, spool, getting);
    // Whoever reads is told too.
    measured.catch((error: unknown) => spool.fail(error));
    return { spool, measured };
  }

  /** What is kept, if its bytes are still those. */
  async #kept(download: Wanted): Promise<Omit<Arrival, typeof Symbol.asyncDispose> | undefined> {
    const key = keyOf(download);
    if (key === undefined) return undefined;
    const path = join(this.folder, "files", key);
    try {
      await utimes(path, new Date(), new Date());
    } catch {
      return undefined;
    }
    const spool = await Spool.open(path, algorithmsOf(download));
    const measured = spool.complete();
    if (spool.digest(download.expected?.algorithm) === download.expected?.hex) {
      return { spool, measured: Promise.resolve(measured) };
    }
    // A disk forgets, or somebody has written to it.
    await spool[Symbol.asyncDispose]();
    await rm(path, { force: true });
    return undefined;
  }

  /** A file of our own to download to: what a run that is no more has left of the same bytes, or a new one. */
  async #partial(download: Wanted): Promise<string> {
    const folder = join(this.folder, "partial");
    const key = keyOf(download);
    const path = join(folder, `${key ?? sha256Of(download.address)}.${OWNER}`);
    if (key === undefined) {
      // Nothing says that it would be the same file now.
      await rm(path, { force: true });
      return path;
    }
    const left = new RegExp(`^${key}\\.(?<owner>${OWNER_PATTERN})$`);
    for (const name of await readdir(folder)) {
      const owner = left.exec(name)?.groups?.owner;
      if (owner === undefined || !isGone(owner)) continue;
      // Another process may have been faster.
      const isOurs = await rename(join(folder, name), path).then(
        () => true,
        () => false,
      );
      if (isOurs) break;
    }
    return path;
  }

  async #download(download: Wanted, path: string, spool: Spool, getting: Getting): Promise<Measured> {
    const { http, signal, onDownload } = getting;
    try {
      if (download.bring !== undefined) await download.bring(spool, signal);
      else await http.download(download.address, spool, { onDownload, signal });
      await checkContent(download, spool);
    } catch (error) {
      if (isWorthless(download, error)) await rm(path, { force: true });
      throw isFull(error) ? noSpace("the download", this.folder, error, "BAKERY_CACHE") : error;
    }
    const measured = spool.complete();
    await rename(path, join(this.folder, "files", keyOf(download) ?? `sha256-${measured.sha256}`));
    await prune(this.folder);
    return measured;
  }

  async #prepare(): Promise<void> {
    for (const name of ["files", "partial"]) {
      await mkdir(join(this.folder, name), { recursive: true, mode: 0o700 }).catch(this.#explain);
    }
  }

  readonly #explain = (cause: unknown): never => {
    if (isFull(cause)) throw noSpace("the download", this.folder, cause, "BAKERY_CACHE");
    throw new ToolError("the download cache cannot be written", {
      details: { folder: this.folder, reason: errorCode(cause) ?? String(cause) },
      hint: "set BAKERY_CACHE to a folder that can",
      cause,
    });
  };
}

/** @param env `BAKERY_CACHE`, else a folder where such things are kept: XDG base directory specification */
export function cacheFolderFrom(env: NodeJS.ProcessEnv): string {
  return resolve(env.BAKERY_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "sysext-bakery"));
}

export function downloadCacheFrom(env: NodeJS.ProcessEnv, options?: CacheOptions): DownloadCache {
  return new DownloadCache(cacheFolderFrom(env), options);
}

function keyOf({ expected }: Wanted): string | undefined {
  return expected && `${expected.algorithm}-${expected.hex}`;
}

function algorithmsOf({ expected }: Wanted): HashAlgorithm[] {
  return expected === undefined ? [] : [expected.algorithm];
}

/** Wrong bytes, and those that a full disk has cut, are nothing to go on from; nor are any that nothing vouches for. */
function isWorthless({ expected }: Wanted, error: unknown): boolean {
  return expected === undefined || error instanceof WrongContentError || isFull(error);
}
