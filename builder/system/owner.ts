/**
 * Marks what a process leaves lying while it works, so that a later one can tell what nobody will come back for.
 *
 * A process id alone says nothing in a folder that containers or machines share, hence the host's name before it.
 */
import { hostname } from "node:os";
import { errorCode } from "./errors.ts";

const HOST = hostname().replace(/[^A-Za-z0-9]/g, "");

/** This process, as a part of a file name. */
export const OWNER = `${HOST}.${process.pid}`;

/** What `OWNER` looks like, for a regular expression. */
export const OWNER_PATTERN = "[A-Za-z0-9]*\\.[0-9]+";

/** Whether the owner was a process of this host that runs no more. Of other hosts' processes we cannot know. */
export function isGone(owner: string): boolean {
  const [host, pid] = owner.split(".");
  return host === HOST && pid !== undefined && pid !== "" && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return errorCode(error) === "EPERM";
  }
}
