/**
 * Preloaded into a process, kills it at its n-th change to a file system, in the middle of it where it has one: as when
 * the power goes. `KILL_AT` is n; without it, changes are only counted, into the file `COUNT_TO`.
 */

import fs from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const killAt = Number(process.env.KILL_AT ?? Number.POSITIVE_INFINITY);
let changes = 0;

type Change = (...args: never[]) => Promise<unknown>;

/** @param half leaves behind what a change that is cut off leaves behind */
function deadly(name: "copyFile" | "mkdir" | "rename" | "rm" | "writeFile", half?: (to: string) => void): void {
  const change = promises[name] as Change;
  const changed: Change = async (...args) => {
    changes += 1;
    if (changes === killAt) {
      half?.(String(name === "copyFile" ? args[1] : args[0]));
      process.kill(process.pid, "SIGKILL");
    }
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

process.on("exit", () => {
  if (process.env.COUNT_TO !== undefined) fs.writeFileSync(process.env.COUNT_TO, String(changes));
});
