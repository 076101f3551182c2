/** Makes releases, one after the other: each is baked for both architectures, tried in a guest, and published. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Image, type Release, type ReleaseManifest, releaseName } from "../../schema/index.ts";
import type { Kitchen } from "../bake/bake.ts";
import { bakeRelease } from "../bake/bake-release.ts";
import { BuildLog } from "../bake/build-log.ts";
import type { Hosting } from "../bake/release.ts";
import type { Catalog } from "../catalog.ts";
import { testOperand } from "../guest/merge-test/test-operand.ts";
import { openRelease, type Publisher } from "../publish/publisher.ts";
import { sourceCommit } from "../system/commit.ts";
import { rootMessage } from "../system/errors.ts";
import { withLock } from "../system/lock.ts";
import { describe } from "./describe.ts";

/** As long as another run may take for one release. */
const PATIENCE_MS = 2 * 3_600_000;

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
  const { kitchen, now } = world;
  const name = releaseName(release);
  const folder = join(world.folder, name);
  const started = now().getTime();
  const made: Made = { images: [] };
  const outcome = (result: ReleaseOutcome["result"], error?: Error): ReleaseOutcome => {
    const seconds = (now().getTime() - started) / 1_000;
    return { release: name, result, ...made, seconds, ...(error !== undefined && { error }) };
  };
  try {
    await mkdir(folder, { recursive: true });
    const onWait = () => kitchen.progress.note(`another run makes ${name} in this folder: waiting for it`);
    const lock = join(folder, ".releasing");
    const options = { patience: PATIENCE_MS, signal: kitchen.signal, onWait };
    return outcome(await withLock(lock, () => makeLocked({ release, folder, made }, world), options));
  } catch (error) {
    kitchen.signal?.throwIfAborted();
    // Also what a recipe throws: the next one may be a good one.
    return outcome("failed", error instanceof Error ? error : new Error(String(error)));
  }
}

/** How far a release has come, for what is told of it also where it fails. */
interface Made {
  images: ReleaseOutcome["images"];
  tested?: number;
}

interface Making {
  readonly release: Release;
  readonly folder: string;
  readonly made: Made;
}

async function makeLocked({ release, folder, made }: Making, world: Releasing): Promise<ReleaseOutcome["result"]> {
  const { kitchen, publisher } = world;
  const manifest = await bakeLogged(folder, release, world);
  made.images = manifest.images;
  await describe(folder, manifest, await world.catalog.load(release.extension), { ...kitchen, ...world });
  if (world.test !== undefined) {
    const { test, failure } = await testOperand(folder, world.test, { ...kitchen, ...world });
    made.tested = test.steps.filter(({ status }) => status === "ok").length;
    if (failure !== undefined) throw failure;
  }
  if (publisher === undefined) return "baked";
  const { written } = await publisher.publish(await openRelease(folder));
  return written.length === 0 ? "there" : "published";
}

async function bakeLogged(folder: string, release: Release, world: Releasing): Promise<ReleaseManifest> {
  const { catalog, hosting, kitchen, now } = world;
  const extension = await catalog.load(release.extension);
  const builtAt = now();
  const commit = await sourceCommit(extension.folder);
  const log = new BuildLog();
  const head = `${releaseName(release)}, ${builtAt.toISOString()}${commit === undefined ? "" : `, recipe at ${commit}`}`;
  const request = { version: release.version, hosting, circumstances: { builtAt, commit } };
  try {
    return await bakeRelease(extension, request, folder, { ...kitchen, progress: log.beside(kitchen.progress) });
  } catch (error) {
    log.add(`failed: ${rootMessage(error)}\n`);
    throw error;
  } finally {
    await log.write(folder, head);
  }
}
