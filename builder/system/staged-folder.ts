/** Makes a folder in one step: it is filled beside where it will be, and gets its name when it is complete. */
import { lstat, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { errorCode, ToolError, UsageError } from "./errors.ts";
import { isFull, noSpace, saysFull } from "./no-space.ts";
import { OWNER, OWNER_PATTERN } from "./owner.ts";
import { remove } from "./remove.ts";
import { sweep } from "./work-dir.ts";

export interface Staging {
  /** Throws where what is there may not be replaced; default: nothing may, but an empty folder. */
  readonly checkReplaceable?: (folder: string) => Promise<void>;
  /** For what others than this process's user own things in. */
  readonly remove?: (path: string) => Promise<void>;
}

/**
 * @param folder beside it there has to be room for it
 * @param fill gets an empty folder beside, which nobody else may look into, and says what becomes `folder`: that one,
 *   or one in it; all else there is removed
 * @throws UsageError where it cannot be made; ToolError where the disk is full
 */
export async function stageFolder<T>(
  folder: string,
  fill: (staging: string) => Promise<{ path: string; result: T }>,
  { checkReplaceable, remove: removeOne = remove }: Staging = {},
): Promise<T> {
  const final = resolve(folder);
  const beside = dirname(final);
  await (checkReplaceable ?? checkFree)(final);
  const staging = await openStaging(final, removeOne);
  try {
    const { path, result } = await fill(staging);
    if (checkReplaceable !== undefined) {
      // Only what it was found to be: somebody may have come since.
      await checkReplaceable(final);
      await rm(final, { recursive: true, force: true });
    }
    await rename(path, final);
    return result;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR") await checkFree(final);
    const said = error instanceof ToolError ? (error.details.output ?? "") : "";
    throw isFull(error) || saysFull(said) ? noSpace(final, beside, error) : error;
  } finally {
    await removeOne(staging);
  }
}

async function openStaging(final: string, removeOne: (path: string) => Promise<void>): Promise<string> {
  const [beside, name] = [dirname(final), basename(final)];
  const staging = join(beside, `.${name}.partial-${OWNER}`);
  try {
    await sweep(beside, new RegExp(`^\\.${RegExp.escape(name)}\\.partial-(?<owner>${OWNER_PATTERN})$`), removeOne);
    await mkdir(staging, { mode: 0o700 });
    return staging;
  } catch (cause) {
    const code = errorCode(cause);
    if (isFull(cause)) throw noSpace(final, beside, cause);
    if (code === "ENOENT") throw new UsageError(`there is no folder ${beside}`, { hint: "make it first", cause });
    throw new UsageError(`cannot make a folder in ${beside}`, { details: { reason: code ?? String(cause) }, cause });
  }
}

/** @throws UsageError */
async function checkFree(final: string): Promise<void> {
  const there = await lstat(final).catch(() => undefined);
  if (there === undefined) return;
  if (there.isDirectory() && (await readdir(final)).length === 0) return;
  throw new UsageError(`${final} is there already`, { hint: "name another folder, or remove it first" });
}
