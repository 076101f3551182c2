/** `boot`: a virtual machine with images merged, to look around in. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Arch, isArch } from "../../schema/index.ts";
import { type BootWorld, boot, SYSTEMS } from "../boot/boot.ts";
import { parsePorts } from "../boot/ports.ts";
import { type Cli, command } from "./command.ts";

/** MiB. Less than the least boots neither. */
const MEMORY = { default: 2048, least: 512, most: 1024 ** 2 };

export function bootCommand(cli: Cli): Command {
  return command<[string[]]>(
    cli,
    "boot <image...>",
    "boot a virtual machine with images merged, to look around in; nothing of it is kept",
    async ({ arch, os, butane, ports, memory, json }, images) => {
      const world: BootWorld = cli;
      // With --json stdout is for the result.
      const value = await boot(images, { arch, os, butane, ports, memory, console: json ? 2 : 1 }, world);
      return { value, text: "" };
    },
  )
    .addOption(new Option("--os <name>", "what runs on it (default: flatcar, else debian)").choices(SYSTEMS))
    .option("--arch <arch>", "x86-64 (or amd64), or arm64", parseMachineArch, "x86-64")
    .option("--butane <file>", "a Butane file, or an Ignition file (.ign, .json), for Flatcar's first boot")
    .option("--ports <host:vm,...>", "TCP ports of this machine's 127.0.0.1 that lead to the machine's", parsePorts, [])
    .option("--memory <MiB>", "how much the machine has", parseMemory, MEMORY.default)
    .addHelpText(
      "after",
      `
An image is a file or an http(s) URL. It is merged under the name that its metadata has, whatever its file is called.
The machine's console is this terminal; it ends with poweroff, or Ctrl-A X. It reaches what this machine reaches, whose
127.0.0.1 is 10.0.2.2 there.

Flatcar is the newest alpha, whose files are verified by its signing key and kept. Debian is made here, by mmdebstrap,
once. A boot of Flatcar could not be tried where this was written: its servers were out of reach. Its download and
configuration are tested against a stand-in, and by the real ignition-validate.

Debian's package qemu-system-x86 (arm64: qemu-system-arm) has to be installed. Without /dev/kvm it is slow.

Environment:
  BAKERY_CACHE   where Flatcar and Debian are kept (default: ~/.cache/sysext-bakery)
  BAKERY_MIRROR  asks http://mirror/host/path for every https://host/path

Examples:
  ./bakery boot workerd.raw
  ./bakery boot docker.raw docker-compose-2.34.0-x86-64.raw --os debian --ports 8080:80,2222:22
  ./bakery boot kubernetes.raw --butane node.yaml --memory 4096`,
    );
}

/** The reference says amd64 where systemd says x86-64. */
function parseMachineArch(value: string): Arch {
  if (value === "amd64") return "x86-64";
  if (!isArch(value)) throw new InvalidArgumentError("allowed: x86-64, amd64, arm64");
  return value;
}

function parseMemory(value: string): number {
  const memory = Number(value);
  if (!/^[0-9]{1,7}$/.test(value) || memory < MEMORY.least || memory > MEMORY.most) {
    throw new InvalidArgumentError(`MiB, ${MEMORY.least} or more`);
  }
  return memory;
}
