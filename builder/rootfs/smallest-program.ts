/** The smallest program of each architecture, which needs nothing and does nothing: whether it runs says all. */
import type { Arch } from "../../schema/index.ts";

/** elf(5): e_machine, and instructions that call exit(0), system call 60 or 93. */
const MACHINES = {
  "x86-64": { machine: 62, code: "31ff b83c000000 0f05" },
  arm64: { machine: 183, code: "000080d2 a80b80d2 010000d4" },
} as const satisfies Record<Arch, { machine: number; code: string }>;

const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const ADDRESS = 0x40_0000n;

/** An ELF file with one segment: its headers and its code, loaded where linkers put programs. */
export function smallestProgram(arch: Arch): Buffer {
  const { machine, code } = MACHINES[arch];
  const instructions = Buffer.from(code.replaceAll(" ", ""), "hex");
  const start = ELF_HEADER + PROGRAM_HEADER;
  const size = BigInt(start + instructions.length);
  const file = Buffer.alloc(start);
  // 64 bits, little-endian, version 1; an executable.
  file.write("\x7fELF\x02\x01\x01", "latin1");
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(ADDRESS + BigInt(start), 24);
  file.writeBigUInt64LE(BigInt(ELF_HEADER), 32);
  file.writeUInt16LE(ELF_HEADER, 52);
  file.writeUInt16LE(PROGRAM_HEADER, 54);
  file.writeUInt16LE(1, 56);
  // PT_LOAD, to be read and executed, from the file's beginning.
  file.writeUInt32LE(1, ELF_HEADER);
  file.writeUInt32LE(5, ELF_HEADER + 4);
  file.writeBigUInt64LE(ADDRESS, ELF_HEADER + 16);
  file.writeBigUInt64LE(ADDRESS, ELF_HEADER + 24);
  file.writeBigUInt64LE(size, ELF_HEADER + 32);
  file.writeBigUInt64LE(size, ELF_HEADER + 40);
  file.writeBigUInt64LE(0x1000n, ELF_HEADER + 48);
  return Buffer.concat([file, instructions]);
}
