/** Whether guests run on this machine's processor, or on one that qemu plays. */
import { open } from "node:fs/promises";
import { arch as hostArch } from "node:os";
import type { Arch } from "../../../schema/index.ts";

const HOSTS: Readonly<Record<Arch, NodeJS.Architecture>> = { "x86-64": "x64", arm64: "arm64" };

/** `kvm`: at full speed, where the machine has it and we may use it; `tcg`: ten times as slow. */
export async function acceleratorFor(arch: Arch): Promise<"kvm" | "tcg"> {
  if (HOSTS[arch] !== hostArch()) return "tcg";
  try {
    await using _device = await open("/dev/kvm", "r+");
    return "kvm";
  } catch {
    return "tcg";
  }
}
