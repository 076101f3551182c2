/** A full disk, told alike wherever it is met: for what there is no room, in which folder, and what to do. */
import { errorCode, ToolError } from "./errors.ts";

/** Of the disk, and of this user's share of it: write(2). */
const CODES: readonly (string | undefined)[] = ["ENOSPC", "EDQUOT"];
/** The same in programs' words, strerror(3). tar says how much of a piece the disk took before that. */
const SAID = /no space left|disk quota exceeded|wrote only/i;

/** Whether a system call has failed of it. */
export function isFull(error: unknown): boolean {
  return CODES.includes(errorCode(error));
}

/** Whether a program's last words say it. */
export function saysFull(output: string): boolean {
  return SAID.test(output);
}

/**
 * @param what there is no room for, `/here/tree`, `packages`
 * @param folder where that is to be
 * @param variable of the environment that names the folder
 */
export function noSpace(what: string, folder: string, cause: unknown, variable?: "BAKERY_CACHE" | "TMPDIR"): ToolError {
  const instead = variable === undefined ? "take a folder" : `set ${variable} to a folder`;
  return new ToolError(`no space left for ${what}`, {
    details: { folder },
    hint: `free some space there, or ${instead} on a larger disk`,
    cause,
  });
}
