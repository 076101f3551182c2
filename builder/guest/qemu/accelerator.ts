/** Whether guests run on this machine's processor, or on one that qemu plays. */
import { open } from "node:fs/promises";
import type { Arch } from "../../../schema/index.ts";
import { OWN_ARCH } from "../../system/own-arch.ts";

/** `kvm`: at full speed, where the machine has it and we may use it; `tcg`: ten times as slow. */
export async function acceleratorFor(arch: Arch): Promise<"kvm" | "tcg"> {
  if (arch !== OWN_ARCH) return "tcg";
  try {
    await using _device = await open("/dev/kvm", "r+");
    return "kvm";
  } catch {
    return "tcg";
  }
}
