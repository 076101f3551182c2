/**
 * A run of a mirror. Each extension is mirrored for itself: one that cannot be keeps its index, and the others go on.
 * What a run before has brought is not asked for again.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  formatSha256Sums,
  GLOBAL_INDEX,
  type IndexEntry,
  InvalidInput,
  indexLocator,
  parseImageFile,
  parseSha256Sums,
  publicPath,
  withLinesOf,
} from "../../schema/index.ts";
import type { Keyring } from "../signing/keyring.ts";
import { BakeryError, errorCode, UsageError, UserError } from "../system/errors.ts";
import { inParallel } from "../system/in-parallel.ts";
import { withLock } from "../system/lock.ts";
import { type MirroredExtension, mirrorExtension, withdrawExtension } from "./mirror-extension.ts";
import { mirrorKeyring, mirrorNoop } from "./mirror-keyring.ts";
import type { MirrorState, SignedIndex } from "./mirror-state.ts";
import { mirroredIndex, putIndex } from "./mirrored-index.ts";
import type { Mirroring } from "./mirroring.ts";
import { namedImages, pruneMirror } from "./prune-mirror.ts";
import { choose, imagesOf } from "./selection.ts";

export interface MirrorRun extends Mirroring {
  /** None: all that the bakery has */
  readonly extensions: readonly string[];
  /** Whose signatures count; machines of the mirror get it */
  readonly keyring: Keyring | undefined;
  readonly prune: boolean;
}

export interface Mirrored {
  readonly extensions: readonly MirroredExtension[];
  readonly failed: readonly { readonly extension: string; readonly error: Error }[];
  /** Public paths of files that were removed */
  readonly pruned: readonly string[];
}

/** Extensions at once. */
const PARALLEL = 3;
const GLOBAL_PATH = publicPath(GLOBAL_INDEX);

/** @throws BakeryError where nothing can be mirrored at all */
export async function mirror(run: MirrorRun): Promise<Mirrored> {
  const { folder } = run;
  await mkdir(folder.root, { recursive: true });
  const state = await openState(run);
  return withLock(join(folder.root, ".mirroring"), () => mirrorLocked(run, state), {
    signal: run.signal,
    onWait: () => run.progress.note(`another mirror is at work in ${folder.root}`),
  });
}

/** @throws UsageError for a folder that has something else */
async function openState({ folder, memory, bakery, keyring }: MirrorRun): Promise<MirrorState> {
  const before = await memory.mirror();
  if (before === undefined && (await folder.list("/extensions")).length > 0) {
    throw new UsageError(`${folder.root} has extensions, and is no mirror`, { hint: "take another folder" });
  }
  if (before !== undefined && before.bakery !== bakery.url) {
    throw new UsageError(`${folder.root} is a mirror of another bakery`, {
      details: { "is of": before.bakery, "asked for": bakery.url },
      hint: `take another folder; if the bakery has moved, write its new address into ${folder.at(".mirror/mirror.json")}`,
    });
  }
  if (before?.verified && keyring === undefined) {
    throw new UsageError(`${folder.root} was verified with a keyring, and there is none now`, {
      hint: "--keyring <file>, as before",
    });
  }
  const state = { ...before, schemaVersion: 1 as const, bakery: bakery.url, verified: keyring !== undefined };
  await memory.keepMirror(state);
  return state;
}

async function mirrorLocked(run: MirrorRun, state: MirrorState): Promise<Mirrored> {
  const { memory, folder } = run;
  const namedBefore = await namedImages(folder);
  const isAll = run.extensions.length === 0;
  const global = isAll ? await readGlobal(run, state) : state.global;
  const here = await memory.extensions();
  const wanted = isAll && global !== undefined ? wantedOf(global, here, run) : run.extensions;
  const outcome = await mirrorAll(wanted, run, isAll && global !== undefined && global === state.global);

  const { extensions, failed } = outcome;
  if (extensions.every(({ images }) => images === 0) && failed.length === 0) {
    throw new UserError("nothing is chosen of what the bakery has", {
      details: { bakery: run.bakery.url },
      hint: "--version, --series and --arch have to fit; ./bakery list-bakery, or the bakery's page, shows what there is",
    });
  }
  const isNews = extensions.some(({ isNew }) => isNew);
  await mirrorKeyring(run, isNews);
  await mirrorNoop(run, isNews);
  // What the bakery has no more goes; what was not asked for stays, unless it is to be pruned.
  const gone = here.filter((name) => !wanted.includes(name) && (isAll || run.prune));
  const empty = extensions.filter(({ images }) => images === 0).map(({ extension }) => extension);
  await putGlobal(run, [global, state.global], [...gone, ...empty]);
  for (const extension of [...gone, ...empty]) await withdrawExtension(extension, run);
  if (isAll && global !== undefined && failed.length === 0) await memory.keepMirror({ ...state, global });
  // Of downloads that nobody goes on with.
  if (failed.length === 0) await rm(memory.partials, { recursive: true, force: true });
  const pruned = run.prune && failed.length === 0 ? await pruneMirror(folder, namedBefore) : [];
  return { ...outcome, pruned };
}

async function readGlobal({ bakery }: MirrorRun, state: MirrorState): Promise<SignedIndex> {
  const global = await bakery.index(GLOBAL_PATH, state.global);
  if (global !== undefined) return global;
  throw new UserError("the bakery has no index of all extensions", {
    details: { url: bakery.addressOf(GLOBAL_PATH) },
    hint: "is it a bakery's address? if so, name them: --extension <name>",
  });
}

/** Those of which something is chosen, or is here from when it was. */
function wantedOf({ text }: SignedIndex, here: readonly string[], { selection }: MirrorRun): string[] {
  const lines = parseSha256Sums(text);
  const names = new Set(lines.flatMap(({ file }) => parseImageFile(file)?.extension ?? []));
  return [...names].filter((name) => here.includes(name) || choose(imagesOf(name, lines), selection).length > 0);
}

async function mirrorAll(wanted: readonly string[], run: MirrorRun, isUnchanged: boolean) {
  const extensions: MirroredExtension[] = [];
  const failed: { extension: string; error: Error }[] = [];
  await run.progress.step(
    "Mirroring",
    () =>
      inParallel(wanted, PARALLEL, async (extension) => {
        try {
          extensions.push(await mirrorExtension(extension, run, isUnchanged));
        } catch (error) {
          run.signal?.throwIfAborted();
          const isExpected = error instanceof BakeryError || error instanceof InvalidInput || errorCode(error);
          if (!isExpected || !(error instanceof Error)) throw error;
          failed.push({ extension, error });
        }
      }),
    () => `${extensions.length} of ${wanted.length} extensions`,
  );
  const byName = (one: { extension: string }, other: { extension: string }) =>
    one.extension < other.extension ? -1 : 1;
  return { extensions: extensions.sort(byName), failed: failed.sort(byName) };
}

/** The index of all that the mirror has: the bakery's own where it says the same. */
async function putGlobal(
  run: MirrorRun,
  globals: readonly (SignedIndex | undefined)[],
  gone: readonly string[],
): Promise<void> {
  const { folder, memory, key } = run;
  let lines: IndexEntry[] = [];
  for (const name of await memory.extensions()) {
    if (gone.includes(name)) continue;
    const text = (await folder.read(publicPath(indexLocator(name))))?.toString("utf8");
    if (text !== undefined) lines = withLinesOf(name, imagesOf(name, parseSha256Sums(text)), lines);
  }
  // What was mirrored whole last counts too, where an extension has kept its index.
  const own = globals.find((one) => one !== undefined && hasLines(one, lines));
  await putIndex(folder, GLOBAL_PATH, own ? mirroredIndex(own, () => true) : { text: formatSha256Sums(lines) }, key);
}

/** Whether an index names these images and no others. */
function hasLines({ text }: SignedIndex, lines: readonly IndexEntry[]): boolean {
  const images = parseSha256Sums(text).filter(({ file }) => parseImageFile(file) !== undefined);
  const key = ({ file, sha256 }: IndexEntry) => `${file} ${sha256}`;
  return new Set(images.map(key)).symmetricDifference(new Set(lines.map(key))).size === 0;
}
