/** Taking releases back: out of the index at once, and of those that are pruned the files too, much later. */
import { InvalidInput } from "./invalid-input.ts";
import { findRelease, type Inventory, isListed, type PublishedRelease } from "./inventory.ts";

/** An index may be cached for a day, and what it names must be there for as long. */
export const PRUNE_DELAY_SECONDS = 24 * 3600;

/**
 * Withdraws a release: it drops out of the index and keeps its files. One that is withdrawn already stays as it is.
 * @throws InvalidInput where there is no such release
 */
export function yankRelease(inventory: Inventory, version: string, reason: string, at: Date): Inventory {
  const release = requireRelease(inventory, version);
  return release.yanked === undefined
    ? withRelease(inventory, { ...release, yanked: { at: at.toISOString(), reason } })
    : inventory;
}

/**
 * Lists a release again that was withdrawn, or pruned and not deleted yet.
 * @throws InvalidInput where there is no such release, or its files are gone
 */
export function restoreRelease(inventory: Inventory, version: string, at: Date): Inventory {
  const release = requireRelease(inventory, version);
  if (isListed(release)) return inventory;
  if (release.pruned?.deletedAt !== undefined) {
    throw new InvalidInput("release", `the files of ${inventory.extension}-${version} were pruned, publish a revision`);
  }
  const { yanked, pruned, ...restored } = release;
  return withRelease(inventory, { ...restored, restoredAt: at.toISOString() });
}

/** Marks all listed releases but the newest ones, to be deleted later. */
export function pruneReleases(inventory: Inventory, keep: number, at: Date): Inventory {
  const old = inventory.releases.filter(isListed).slice(keep);
  return old.reduce<Inventory>(
    (pruned, release) => withRelease(pruned, { ...release, pruned: { at: at.toISOString() } }),
    inventory,
  );
}

/** The inventory with one of its releases replaced. */
export function withRelease(inventory: Inventory, changed: PublishedRelease): Inventory {
  const releases = inventory.releases.map((release) => (release.version === changed.version ? changed : release));
  return { ...inventory, releases };
}

function requireRelease(inventory: Inventory, version: string): PublishedRelease {
  const release = findRelease(inventory, version);
  if (release === undefined) throw new InvalidInput("release", `${inventory.extension}-${version} is not published`);
  return release;
}
