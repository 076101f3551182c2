/** The head of an ELF file: for which machine it was made. elf(5) */
import type { Arch } from "../../schema/index.ts";

export interface Elf {
  /** `e_machine` */
  readonly machine: number;
  readonly bits: 32 | 64;
}

/** As many bytes of a file as `readElf` looks at. */
export const ELF_HEAD_BYTES = 20;

const MAGIC = Buffer.from("\x7fELF", "latin1");
/** `EM_X86_64` and `EM_AARCH64` */
const MACHINES: Readonly<Record<Arch, number>> = { "x86-64": 62, arm64: 183 };
/** `EM_BPF`: runs in the kernel of any machine. */
const BPF = 247;
const NAMES = new Map([
  [3, "i386"],
  [8, "mips"],
  [21, "ppc64"],
  [22, "s390x"],
  [40, "arm"],
  [62, "x86-64"],
  [183, "arm64"],
  [243, "riscv64"],
  [BPF, "bpf"],
  [258, "loongarch64"],
]);

/** @returns undefined for what is no ELF file */
export function readElf(head: Uint8Array): Elf | undefined {
  if (head.length < ELF_HEAD_BYTES || !MAGIC.equals(head.subarray(0, 4))) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const isLittle = head[5] === 1;
  return { machine: view.getUint16(18, isLittle), bits: head[4] === 2 ? 64 : 32 };
}

/** Whether a machine of that architecture can use the file without further ado. */
export function runsOn({ machine, bits }: Elf, arch: Arch): boolean {
  return machine === BPF || (machine === MACHINES[arch] && bits === 64);
}

/** `x86-64`, `arm64`, or what else it is called. */
export function machineName({ machine, bits }: Elf): string {
  if (machine === MACHINES["x86-64"] && bits === 32) return "x32";
  return NAMES.get(machine) ?? `machine ${machine}`;
}
