/** Removes a tree in which programs have run: what they gave to others is not ours to remove as we are. */
import { errorCode } from "../system/errors.ts";
import { remove } from "../system/remove.ts";
import { run } from "../system/run.ts";
import { findIsolation } from "./find-isolation.ts";

/** As a user, files of the ids that /etc/subuid gives are removed by who owns these. */
export async function removeTree(tree: string): Promise<void> {
  try {
    await remove(tree);
  } catch (error) {
    if (!["EACCES", "EPERM"].includes(errorCode(error) ?? "")) throw error;
    const [program, ...args] = (await findIsolation()).asOwner ?? [];
    if (program === undefined) throw error;
    await run(program, [...args, "rm", "-rf", tree]);
  }
}
