/** Taking releases back, and deleting for good what no index can name any more. */
import {
  BUILD_LOG_FILE,
  filesOf,
  type Generation,
  InvalidInput,
  type Inventory,
  linesOf,
  PRUNE_DELAY_SECONDS,
  type PublishedIndex,
  type PublishedRelease,
  parseReleaseManifest,
  pruneReleases,
  RELEASE_MANIFEST_FILE,
  releaseName,
  restoreRelease,
  type Swept,
  storageKey,
  withRelease,
  yankRelease,
} from "../../schema/index.ts";
import type { Clock } from "../context.ts";
import { ApiProblem } from "../errors.ts";
import type { IndexPublisher } from "./indexes.ts";
import type { Inventories } from "./inventories.ts";
import type { Objects } from "./objects.ts";

export interface WithdrawalsOptions {
  readonly objects: Objects;
  readonly inventories: Inventories;
  readonly indexes: IndexPublisher;
  readonly now: Clock;
}

/** Whoever was to delete files this long ago has done so, or died; so long they are looked for again. */
const DELETING_SECONDS = 7 * 24 * 3600;

export class Withdrawals {
  readonly #objects: Objects;
  readonly #inventories: Inventories;
  readonly #indexes: IndexPublisher;
  readonly #now: Clock;

  constructor({ objects, inventories, indexes, now }: WithdrawalsOptions) {
    this.#objects = objects;
    this.#inventories = inventories;
    this.#indexes = indexes;
    this.#now = now;
  }

  /** @returns the versions that machines get no longer since now */
  async yank(extension: string, version: string, reason: string): Promise<string[]> {
    return this.#change(extension, (inventory) => yankRelease(inventory, version, reason, this.#date));
  }

  /** @returns the versions that machines get again since now */
  async restore(extension: string, version: string): Promise<string[]> {
    return this.#change(extension, (inventory) => restoreRelease(inventory, version, this.#date));
  }

  async prune(extension: string, keep: number): Promise<string[]> {
    return this.#change(extension, (inventory) => pruneReleases(inventory, keep, this.#date));
  }

  /** Deletes the files of pruned releases that no index names, nor any copy of one that may be in use. */
  async sweep(extension: string): Promise<Swept> {
    const indexes = await Promise.all([
      this.#indexes.document(extension, "extension"),
      this.#indexes.document(extension, "global"),
    ]);
    const now = this.#now();
    const marked = await this.#inventories.update(extension, (inventory) =>
      markPruned(
        inventory,
        indexes.filter((index) => index !== undefined),
        now,
      ),
    );
    const pruned = marked.releases.flatMap((release) => (release.pruned ? [{ ...release, ...release.pruned }] : []));
    const deleting = pruned.filter(
      ({ deletedAt }) => deletedAt !== undefined && now - Date.parse(deletedAt) < DELETING_SECONDS * 1000,
    );
    for (const { version } of deleting) await this.#deleteFiles(extension, version);
    return {
      deleted: deleting.map(({ version }) => version),
      waiting: pruned
        .filter(({ deletedAt }) => deletedAt === undefined)
        .map(({ version, unlistedAt }) => ({ version, ...(unlistedAt && { until: deletableAt(unlistedAt) }) })),
    };
  }

  get #date(): Date {
    return new Date(this.#now());
  }

  async #change(extension: string, change: (inventory: Inventory) => Inventory): Promise<string[]> {
    let changed: string[] = [];
    try {
      await this.#inventories.update(extension, (before) => {
        const after = change(before);
        changed = after.releases.filter((release, at) => release !== before.releases[at]).map(({ version }) => version);
        return after;
      });
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      const hint = `GET /api/v1/extensions/${extension}/releases lists what is published`;
      throw new ApiProblem(409, "conflict", error.problem, { hint });
    }
    return changed;
  }

  /** The manifest last: it says which files there are. */
  async #deleteFiles(extension: string, version: string): Promise<void> {
    const release = releaseName({ extension, version });
    const manifestKey = storageKey({ release, file: RELEASE_MANIFEST_FILE });
    const stored = await this.#objects.read(manifestKey);
    if (stored === undefined) return;
    const files = [...filesOf(parseReleaseManifest(stored.text)).map(({ file }) => file), BUILD_LOG_FILE];
    await this.#objects.delete(files.map((file) => storageKey({ release, file })));
    await this.#objects.delete([manifestKey]);
  }
}

/**
 * Notes since when pruned releases are named by no index, and which of them are to be deleted. First noted, then
 * deleted: so that nobody lists one again of which files are gone.
 */
function markPruned(inventory: Inventory, indexes: readonly PublishedIndex[], now: number): Inventory {
  return inventory.releases.reduce<Inventory>((marked, release) => {
    const { pruned } = release;
    if (pruned === undefined || pruned.deletedAt !== undefined) return marked;
    const unlistedAt = pruned.unlistedAt ?? unlistedSince(inventory.extension, release, indexes, pruned.at);
    if (unlistedAt === undefined) return marked;
    const isDue = Date.parse(deletableAt(unlistedAt)) <= now;
    if (!isDue && pruned.unlistedAt !== undefined) return marked;
    const deleted = isDue ? { deletedAt: new Date(now).toISOString() } : {};
    return withRelease(marked, { ...release, pruned: { ...pruned, unlistedAt, ...deleted } });
  }, inventory);
}

/** When the last of the indexes that name a release goes out of effect; undefined while one is to stay. */
function unlistedSince(
  extension: string,
  release: PublishedRelease,
  indexes: readonly PublishedIndex[],
  prunedAt: string,
): string | undefined {
  const files = linesOf(extension, release).map(({ file }) => `  ${file}\n`);
  const isNamed = ({ text }: Generation) => files.some((file) => text.includes(file));
  let since = prunedAt;
  for (const { generations } of indexes) {
    const last = generations.findLastIndex(isNamed);
    const next = generations[last + 1];
    if (next === undefined) return undefined;
    if (last >= 0 && Date.parse(next.effectiveAt) > Date.parse(since)) since = next.effectiveAt;
  }
  return since;
}

function deletableAt(unlistedAt: string): string {
  return new Date(Date.parse(unlistedAt) + PRUNE_DELAY_SECONDS * 1000).toISOString();
}
