/** One at a time, among all processes of this machine: a lock file that names its owner. */
import { randomBytes } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode, ToolError } from "./errors.ts";
import { isGone, OWNER, OWNER_PATTERN } from "./owner.ts";
import { sweep } from "./work-dir.ts";

const PATIENCE_MS = 60_000;
const POLL_MS = 50;

export interface LockOptions {
  /** Milliseconds */
  readonly patience?: number;
  /** Ends the waiting */
  readonly signal?: AbortSignal | undefined;
  /** Called once, where another process has it. */
  readonly onWait?: () => void;
}

/**
 * @throws ToolError if another process keeps the lock for longer than that
 */
export async function withLock<T>(
  path: string,
  perform: () => Promise<T>,
  { patience = PATIENCE_MS, signal, onWait }: LockOptions = {},
): Promise<T> {
  const deadline = Date.now() + patience;
  for (let tries = 0; !(await take(path)); tries += 1) {
    if (tries === 1) onWait?.();
    if (Date.now() > deadline)
      throw new ToolError(`another process is at work here for too long`, { details: { lock: path } });
    await sleep(POLL_MS, undefined, { signal });
  }
  try {
    return await perform();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  // Written elsewhere and then linked: a lock is there with its owner's name or not at all, whoever is killed when.
  await sweep(dirname(path), new RegExp(`^${RegExp.escape(basename(path))}\\.(?<owner>${OWNER_PATTERN})-[0-9a-f]+$`));
  // This process may want it for several things at once.
  const own = `${path}.${OWNER}-${randomBytes(4).toString("hex")}`;
  await writeFile(own, OWNER);
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  } finally {
    await rm(own, { force: true });
  }
  // A killed process leaves its lock behind.
  if (isGone(await readFile(path, "utf8").catch(() => ""))) await rm(path, { force: true });
  return false;
}
