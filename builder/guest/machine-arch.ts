/** Which architecture guests are of that run on this machine's own kernel. */
import { arch as machine } from "node:os";
import type { Arch } from "../../schema/index.ts";
import { UserError } from "../system/errors.ts";
import { OWN_ARCH } from "../system/own-arch.ts";

/** @throws UserError on a machine for which there are no images */
export function machineArch(): Arch {
  if (OWN_ARCH === undefined) {
    throw new UserError(`no image is for this machine, which is ${machine()}`, { hint: "test it on x86-64 or arm64" });
  }
  return OWN_ARCH;
}
