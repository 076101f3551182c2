/** A Flatcar with images merged, as its own script for qemu starts it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { acceleratorFor } from "../../guest/qemu/accelerator.ts";
import type { VirtualMachine } from "../../guest/qemu/machine.ts";
import { type MachineOptions, processors } from "../machine-options.ts";
import type { IgnitionConfig } from "./ignition.ts";
import type { FlatcarFiles } from "./release.ts";

/** Where Flatcar's Ignition looks. */
const CONFIG_NAME = "opt/org.flatcar-linux/config";

/** @param work a folder that is there as long as the machine is */
export async function flatcarMachine(
  files: FlatcarFiles,
  config: IgnitionConfig,
  { arch, memory, ports }: MachineOptions,
  work: string,
): Promise<VirtualMachine> {
  const configFile = join(work, "config.ign");
  await writeFile(configFile, JSON.stringify(config), { mode: 0o600 });
  return {
    arch,
    memory,
    cpus: processors(),
    accelerator: await acceleratorFor(arch),
    start: { kind: "firmware", code: files.code, variables: files.variables },
    disks: [{ file: files.image, format: "qcow2", writes: "discarded" }],
    network: { forwarded: ports },
    firmwareFiles: [{ name: CONFIG_NAME, file: configFile }],
    console: "terminal",
    channels: [],
  };
}
