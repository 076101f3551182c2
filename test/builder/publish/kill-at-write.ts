/**
 * Preloaded into a process, kills it at its n-th change to a file system, in the middle of it where it has one: as when
 * the power goes. `KILL_AT` is n. `COPIES` is a folder instead: of what each such death would leave behind in the
 * folder `OF`, a copy comes there, named by n, and the process goes on.
 */

import fs from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";

const { COPIES, OF = "" } = process.env;
const killAt = Number(process.env.KILL_AT ?? Number.POSITIVE_INFINITY);
let changes = 0;

type Change = (...args: never[]) => Promise<unknown>;

/** @param half leaves behind what a change that is cut off leaves behind; done as a whole, it is written over */
function deadly(name: "copyFile" | "mkdir" | "rename" | "rm" | "writeFile", half?: (to: string) => void): void {
  const change = promises[name] as Change;
  const changed: Change = async (...args) => {
    changes += 1;
    if (changes === killAt || COPIES !== undefined) half?.(String(name === "copyFile" ? args[1] : args[0]));
    if (changes === killAt) process.kill(process.pid, "SIGKILL");
    if (COPIES !== undefined) fs.cpSync(OF, join(COPIES, String(changes)), { recursive: true });
    return change(...args);
  };
  Object.assign(promises, { [name]: changed });
}

const half = (path: string) => fs.writeFileSync(path, "half");
deadly("copyFile", half);
deadly("writeFile", half);
deadly("mkdir");
deadly("rename");
deadly("rm");
syncBuiltinESMExports();
