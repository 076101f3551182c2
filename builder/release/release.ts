/** Makes releases, one after the other: each is baked for both architectures, tried in a guest, and published. */
import { join } from "node:path";
import { type Image, type Release, releaseName } from "../../schema/index.ts";
import type { Kitchen } from "../bake/bake.ts";
import { bakeRelease } from "../bake/bake-release.ts";
import type { Hosting } from "../bake/release.ts";
import type { Catalog } from "../catalog.ts";
import { testOperand } from "../guest/merge-test/test-operand.ts";
import { openRelease, type Publisher } from "../publish/publisher.ts";
import { sourceCommit } from "../system/commit.ts";

export interface ReleaseOutcome {
  /** `workerd-1.20261102.1` */
  readonly release: string;
  /** published: something was written; there: all of it was there already; baked: nobody was to publish it. */
  readonly result: "published" | "there" | "baked" | "failed";
  readonly images: readonly Pick<Image, "arch" | "file" | "size" | "sha256">[];
  /** Steps of the merge test; none: it was not to be tested, or it did not come to that. */
  readonly tested?: number;
  readonly seconds: number;
  /** Why it failed. */
  readonly error?: Error;
}

export interface Releasing {
  readonly catalog: Catalog;
  readonly kitchen: Kitchen;
  readonly cwd: string;
  readonly now: () => Date;
  /** Each release has a folder of its name in it. */
  readonly folder: string;
  readonly hosting: Hosting;
  /** None: they are baked, and stay where they are. */
  readonly publisher?: Publisher | undefined;
  /** None: they are not tested. */
  readonly test?: { readonly runner: string; readonly timeout: number } | undefined;
}

/**
 * One that fails does not keep the others from being made. What was done by a run before is not done again: images
 * that the same inputs made are kept, and so is what was published.
 */
export async function makeReleases(releases: readonly Release[], world: Releasing): Promise<ReleaseOutcome[]> {
  const outcomes: ReleaseOutcome[] = [];
  for (const release of releases) {
    world.kitchen.signal?.throwIfAborted();
    outcomes.push(await makeRelease(release, world));
  }
  return outcomes;
}

async function makeRelease(release: Release, world: Releasing): Promise<ReleaseOutcome> {
  const { kitchen, publisher, now } = world;
  const name = releaseName(release);
  const started = now().getTime();
  const seconds = () => (now().getTime() - started) / 1_000;
  let made: Pick<ReleaseOutcome, "images" | "tested"> = { images: [] };
  try {
    const folder = join(world.folder, name);
    made = { images: await bakeInto(folder, release, world) };
    if (world.test !== undefined) {
      const { test, failure } = await testOperand(folder, world.test, { ...kitchen, ...world });
      made = { ...made, tested: test.steps.filter(({ status }) => status === "ok").length };
      if (failure !== undefined) throw failure;
    }
    if (publisher === undefined) return { release: name, result: "baked", ...made, seconds: seconds() };
    const { written } = await publisher.publish(await openRelease(folder));
    return { release: name, result: written.length === 0 ? "there" : "published", ...made, seconds: seconds() };
  } catch (error) {
    kitchen.signal?.throwIfAborted();
    // Also what a recipe throws: the next one may be a good one.
    const reason = error instanceof Error ? error : new Error(String(error));
    return { release: name, result: "failed", ...made, seconds: seconds(), error: reason };
  }
}

async function bakeInto(folder: string, { extension: name, version }: Release, world: Releasing) {
  const extension = await world.catalog.load(name);
  const circumstances = { builtAt: world.now(), commit: await sourceCommit(extension.folder) };
  const { images } = await bakeRelease(
    extension,
    { version, hosting: world.hosting, circumstances },
    folder,
    world.kitchen,
  );
  return images;
}
