/** Removes a file, or a folder with all that is in it, however deep. */
import { rm } from "node:fs/promises";
import { errorCode } from "./errors.ts";
import { run } from "./run.ts";

export async function remove(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (errorCode(error) !== "ENAMETOOLONG") throw error;
    // A path may be longer than the system takes at once; rm(1) goes into each folder.
    await run("rm", ["-rf", path]);
  }
}
