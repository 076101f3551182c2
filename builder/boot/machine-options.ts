/** What is asked of a machine, whatever runs on it. */
import { availableParallelism } from "node:os";
import type { Arch } from "../../schema/index.ts";
import type { ForwardedPort } from "../guest/qemu/machine.ts";

export interface MachineOptions {
  readonly arch: Arch;
  /** MiB */
  readonly memory: number;
  readonly ports: readonly ForwardedPort[];
}

const MOST = 4;

/** Not all that this machine has: somebody works at it. */
export function processors(): number {
  return Math.min(availableParallelism(), MOST);
}
