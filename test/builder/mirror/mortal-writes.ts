/**
 * Changes to the file system by somebody who dies within this process: at the n-th one, in the middle of it where it has
 * one. Nothing of it is heard again. What a killed process leaves behind is left behind too.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import fs from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

/** Those of which something is to be seen. */
const NAMES = ["link", "rename", "rm", "writeFile"] as const;
const NEVER = new Promise<never>(() => {});

interface Life {
  readonly killAt: number;
  readonly die: () => void;
  changes: number;
  isDead: boolean;
}

const lives = new AsyncLocalStorage<Life>();

/**
 * @param killAt from 1; none: it lives until it is done
 * @returns how many changes it made
 */
export async function liveWriting(perform: () => Promise<unknown>, killAt = 0): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const life: Life = { killAt, die: resolve, changes: 0, isDead: false };
  const restore = makeMortal();
  try {
    await Promise.race([promise, lives.run(life, perform)]);
    return life.changes;
  } finally {
    restore();
  }
}

type Change = (...args: never[]) => Promise<unknown>;

function makeMortal(): () => void {
  const real = Object.fromEntries(NAMES.map((name) => [name, promises[name]]));
  for (const name of NAMES) {
    const change = promises[name] as Change;
    const mortal: Change = async (...args) => {
      const life = lives.getStore();
      if (life === undefined) return change(...args);
      life.changes += 1;
      if (!life.isDead && life.changes === life.killAt) {
        if (name === "writeFile") fs.writeFileSync(String(args[0]), "half");
        life.isDead = true;
        life.die();
      }
      return life.isDead ? NEVER : change(...args);
    };
    Object.assign(promises, { [name]: mortal });
  }
  syncBuiltinESMExports();
  return () => {
    Object.assign(promises, real);
    syncBuiltinESMExports();
  };
}
