/** A virtual machine, described; and the words that make qemu be it. qemu(1) */
import type { Arch } from "../../../schema/index.ts";

export interface VirtualMachine {
  readonly arch: Arch;
  /** MiB */
  readonly memory: number;
  readonly cpus: number;
  readonly accelerator: "kvm" | "tcg";
  readonly start: KernelStart | FirmwareStart;
  /** In the order in which the guest sees them. Nothing that is written to them is kept. */
  readonly disks: readonly Disk[];
  readonly network: Network;
  /** Files that the guest's firmware interface has under a name, `opt/org.flatcar-linux/config`. */
  readonly firmwareFiles: readonly { readonly name: string; readonly file: string }[];
  /** `terminal`: with qemu's own keys, of which Ctrl-A X ends it; `output`: nobody types anything. */
  readonly console: "terminal" | "output";
  /** Ports of a virtio-serial device: what the guest writes to one is appended to its file. */
  readonly channels: readonly { readonly name: string; readonly file: string }[];
}

export interface KernelStart {
  readonly kind: "kernel";
  readonly kernel: string;
  readonly initramfs: string;
  readonly commandLine: string;
}

/** UEFI: its code, and a copy of its variables that is thrown away. Both in qcow2. */
export interface FirmwareStart {
  readonly kind: "firmware";
  readonly code: string;
  readonly variables: string;
}

export interface Disk {
  readonly file: string;
  readonly format: "raw" | "qcow2";
  /** Writes are refused, or go to a file that has no name and ends with the machine. */
  readonly writes: "refused" | "discarded";
}

/** User-mode: the guest is 10.0.2.15, and behind 10.0.2.2 is this machine. */
export interface Network {
  /** Ports of this machine's 127.0.0.1 that lead to the guest. */
  readonly forwarded: readonly ForwardedPort[];
  /** Undefined: the guest reaches what this machine reaches, and its loopback at `HOST_ADDRESS`. */
  readonly only?: OnlyPorts;
}

export interface ForwardedPort {
  readonly host: number;
  readonly guest: number;
}

/** The guest reaches these ports of this machine's 127.0.0.1 at `PORTS_ADDRESS`, and nothing else. */
export interface OnlyPorts {
  readonly ports: readonly number[];
  /** A busybox: for each connection one is started that copies its bytes. */
  readonly busybox: string;
}

/** What the guest calls this machine's loopback interface, unless it may reach some ports only. */
export const HOST_ADDRESS = "10.0.2.2";
/** What it calls it else: qemu leads no ports of `HOST_ADDRESS` elsewhere. */
export const PORTS_ADDRESS = "10.0.2.100";

const PROGRAMS = {
  "x86-64": { command: "qemu-system-x86_64", package: "qemu-system-x86" },
  arm64: { command: "qemu-system-aarch64", package: "qemu-system-arm" },
} as const satisfies Record<Arch, object>;

export function qemuProgram({ arch }: Pick<VirtualMachine, "arch">): { command: string; package: string } {
  return PROGRAMS[arch];
}

/** What comes after the program's name. */
export function qemuArguments(machine: VirtualMachine): string[] {
  return [
    // Neither the devices of a desktop nor anybody's own configuration.
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    // A guest that wants to start anew, or whose kernel gives up, ends.
    "-no-reboot",
    ...["-machine", machineType(machine), "-cpu", machine.accelerator === "kvm" ? "host" : "max"],
    ...["-smp", String(machine.cpus), "-m", String(machine.memory)],
    ...["-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=random"],
    ...startArguments(machine.start),
    ...machine.disks.flatMap((disk, at) => diskArguments(disk, `disk${at}`)),
    ...["-netdev", networkOf(machine.network), "-device", "virtio-net-pci,netdev=network,romfile="],
    ...machine.firmwareFiles.flatMap(({ name, file }) => ["-fw_cfg", `name=${name},file=${escaped(file)}`]),
    ...["-serial", machine.console === "terminal" ? "mon:stdio" : "stdio"],
    ...channelArguments(machine.channels),
  ];
}

function machineType({ arch, accelerator, start }: VirtualMachine): string {
  if (arch === "arm64") return `virt,accel=${accelerator},gic-version=max`;
  // Flatcar's firmware is one for secure boot: it keeps its variables where only system management mode writes.
  return start.kind === "firmware" ? `q35,accel=${accelerator},smm=on` : `q35,accel=${accelerator}`;
}

function startArguments(start: KernelStart | FirmwareStart): string[] {
  if (start.kind === "kernel") {
    return ["-kernel", start.kernel, "-initrd", start.initramfs, "-append", start.commandLine];
  }
  const flash = (unit: number, file: string, how: string) => [
    "-drive",
    `if=pflash,unit=${unit},format=qcow2,${how},file=${escaped(file)}`,
  ];
  return [...flash(0, start.code, "readonly=on"), ...flash(1, start.variables, "snapshot=on")];
}

function diskArguments({ file, format, writes }: Disk, id: string): string[] {
  const how = writes === "refused" ? "readonly=on" : "snapshot=on";
  return [
    ...["-drive", `if=none,id=${id},format=${format},${how},file=${escaped(file)}`],
    ...["-device", `virtio-blk-pci,drive=${id}`],
  ];
}

function networkOf({ forwarded, only }: Network): string {
  const ports = forwarded.map(({ host, guest }) => `hostfwd=tcp:127.0.0.1:${host}-:${guest}`);
  const reached = (only?.ports ?? []).map((port) => {
    const command = `${quoted(only?.busybox ?? "")} nc 127.0.0.1 ${port}`;
    return `guestfwd=tcp:${PORTS_ADDRESS}:${port}-cmd:${escaped(command)}`;
  });
  return ["user", "id=network", ...(only === undefined ? [] : ["restrict=on"]), ...ports, ...reached].join(",");
}

function channelArguments(channels: VirtualMachine["channels"]): string[] {
  if (channels.length === 0) return [];
  const ports = channels.flatMap(({ name, file }) => [
    ...["-chardev", `file,id=${name},path=${escaped(file)}`],
    ...["-device", `virtserialport,chardev=${name},name=${name}`],
  ]);
  return ["-device", "virtio-serial-pci", ...ports];
}

/** In a list of options a comma is written twice. */
function escaped(value: string): string {
  return value.replaceAll(",", ",,");
}

/** As a shell would have it: qemu splits such a command as one does. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
