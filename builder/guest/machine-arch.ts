/** Which architecture this machine is of, in systemd's words. */
import { arch as machine } from "node:os";
import type { Arch } from "../../schema/index.ts";
import { UserError } from "../system/errors.ts";

const KNOWN: Partial<Record<string, Arch>> = { x64: "x86-64", arm64: "arm64" };

/** @throws UserError on a machine for which there are no images */
export function machineArch(): Arch {
  const arch = KNOWN[machine()];
  if (arch === undefined) {
    throw new UserError(`no image is for this machine, which is ${machine()}`, { hint: "test it on x86-64 or arm64" });
  }
  return arch;
}
