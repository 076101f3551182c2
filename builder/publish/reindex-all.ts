/** Puts the indexes of all extensions: each night, so that none runs out, and after whatever has happened to them. */
import { bestBeforeOf, parseImageFile, parseSha256Sums } from "../../schema/index.ts";
import { BakeryError } from "../system/errors.ts";
import type { Progress } from "../system/progress.ts";
import { type BestBefore, isDue } from "./index-date.ts";
import type { GlobalOptions } from "./index-signer.ts";

/** Where indexes are put. */
export interface IndexKeeper {
  /** Undefined where nothing is published */
  globalIndex(): Promise<string | undefined>;
  /**
   * Puts an extension's index and its lines of the global one.
   * @returns what was changed
   */
  reindex(extension: string, options?: GlobalOptions): Promise<string[]>;
}

export interface ReindexOptions {
  readonly bestBefore: BestBefore | undefined;
  /** Whether nothing is to be done while the date of the global index is far enough away: one question, then */
  readonly onlyIfDue: boolean;
  readonly progress: Progress;
}

export interface Reindexed {
  /** Names */
  readonly extensions: readonly string[];
  readonly changed: readonly string[];
  /** Until when the indexes were good */
  readonly bestBefore: string | undefined;
  readonly failed: ReadonlyMap<string, BakeryError>;
}

/** One that fails does not keep the others from being put; the global index has the date of the others until it is. */
export async function reindexAll(keeper: IndexKeeper, options: ReindexOptions): Promise<Reindexed> {
  const text = await keeper.globalIndex();
  const lines = text ? parseSha256Sums(text) : [];
  const bestBefore = bestBeforeOf(lines);
  const names = new Set(lines.flatMap(({ file }) => parseImageFile(file)?.extension ?? []));
  const isDone = options.onlyIfDue && !isDue(bestBefore, options.bestBefore);
  const extensions = isDone ? [] : [...names];

  const changed: string[] = [];
  const failed = new Map<string, BakeryError>();
  const bar = options.progress.transfer("extensions", extensions.length);
  for (const [at, extension] of extensions.entries()) {
    const follows = at === extensions.length - 1 && failed.size === 0;
    try {
      changed.push(...(await keeper.reindex(extension, { follows })));
    } catch (error) {
      if (!(error instanceof BakeryError)) throw error;
      failed.set(extension, error);
    }
    bar.advance(1);
  }
  bar.end();
  return { extensions, changed, bestBefore, failed };
}
