/** Makes a folder in one step: it is filled beside where it will be, and gets its name when it is complete. */
import { lstat, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { errorCode, ToolError, UsageError } from "../../system/errors.ts";
import { OWNER, OWNER_PATTERN } from "../../system/owner.ts";
import { run } from "../../system/run.ts";
import { sweep } from "../../system/work-dir.ts";

/**
 * @param folder not there yet, or empty
 * @param fill gets an empty folder beside, and says what in it becomes `folder`; all else there is removed
 * @throws UsageError where it cannot be made; ToolError where the disk is full
 */
export async function stageFolder<T>(
  folder: string,
  fill: (staging: string) => Promise<{ path: string; result: T }>,
): Promise<T> {
  const final = resolve(folder);
  const beside = dirname(final);
  await checkFree(final);
  const name = basename(final);
  await sweep(beside, new RegExp(`^\\.${RegExp.escape(name)}\\.partial-(?<owner>${OWNER_PATTERN})$`));
  const staging = join(beside, `.${name}.partial-${OWNER}`);
  try {
    // Nobody else has anything to do there: what is in it is not as its owner wants it yet.
    await mkdir(staging, { mode: 0o700 });
  } catch (cause) {
    throw new UsageError(`cannot make a folder in ${beside}`, {
      details: { reason: errorCode(cause) ?? String(cause) },
      cause,
    });
  }
  try {
    const { path, result } = await fill(staging);
    await rename(path, final);
    return result;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOTEMPTY" || code === "EEXIST") throw taken(final);
    if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
    const hint = "free some space and run it again; it needs room for the image's files";
    throw new ToolError(`no space left for ${final}`, { cause: error, hint });
  } finally {
    await remove(staging);
  }
}

/** @throws UsageError */
async function checkFree(final: string): Promise<void> {
  const parent = await lstat(dirname(final)).catch(() => undefined);
  if (parent === undefined) throw new UsageError(`there is no folder ${dirname(final)}`, { hint: "make it first" });
  const there = await lstat(final).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isDirectory() || (await readdir(final)).length > 0) throw taken(final);
}

function taken(final: string): UsageError {
  return new UsageError(`${final} is there already`, { hint: "name another folder, or remove it first" });
}

async function remove(path: string): Promise<void> {
  // Of paths that are longer than the system takes at once, only a program knows that goes into each folder.
  await rm(path, { recursive: true, force: true }).catch(() => run("rm", ["-rf", path]));
}
