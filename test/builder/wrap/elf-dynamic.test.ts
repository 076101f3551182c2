/** ELF files of other people: what is read of real ones is what patchelf reads, and damaged ones are errors. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { UserError } from "../../../builder/system/errors.ts";
import { run } from "../../../builder/system/run.ts";
import { readElfFile } from "../../../builder/wrap/elf-dynamic.ts";
import { describeWhere, lackForClients } from "../../support/requirements.ts";

const PROGRAM = "/usr/bin/true";

describeWhere(lackForClients(), "an ELF file", () => {
  let work: string;
  let whole: Buffer;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "elf-"));
    whole = await readFile(PROGRAM);
  });
  afterAll(() => rm(work, { recursive: true }));

  const read = async (bytes: Uint8Array) => {
    await writeFile(join(work, "x"), bytes);
    return readElfFile(join(work, "x"), "x");
  };
  const changed = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(whole);
    change(bytes);
    return bytes;
  };
  /** Where a program header of a type is: elf(5) */
  const segment = (type: number) => {
    const [start, count] = [Number(whole.readBigUInt64LE(32)), whole.readUInt16LE(56)];
    const found = Array.from({ length: count }, (_, at) => start + at * 56).find(
      (at) => whole.readUInt32LE(at) === type,
    );
    if (found === undefined) throw new Error(`${PROGRAM} has no segment ${type}`);
    return found;
  };

  it.each([PROGRAM, "/lib/x86_64-linux-gnu/libc.so.6"])("says of %s what patchelf says", async (path) => {
    const elf = await readElfFile(path, path);
    const said = async (option: string) => (await run("patchelf", [option, path])).trim();
    expect(elf?.interpreter).toBe(await said("--print-interpreter"));
    expect(elf?.dynamic?.needed).toEqual((await said("--print-needed")).split("\n"));
    if (path.endsWith(".6")) expect(elf?.dynamic?.soname).toBe(await said("--print-soname"));
  });

  it("is none where it is something else, or nothing", async () => {
    expect(await read(Buffer.from("#!/bin/sh\n"))).toBeUndefined();
    expect(await read(Buffer.alloc(0))).toBeUndefined();
    expect(await read(Buffer.alloc(100))).toBeUndefined();
  });

  it("for 32 bits, or of the other byte order, is known by its head alone", async () => {
    const small = await read(changed((bytes) => bytes.writeUInt8(1, 4)).subarray(0, 52));
    expect(small).toEqual({ machine: 62, bits: 32 });
    const big = await read(changed((bytes) => bytes.writeUInt8(2, 5)));
    expect(big).toEqual({ machine: 62 << 8, bits: 64 });
  });

  it.each<[string, (bytes: Buffer) => void, string]>([
    ["more program headers than there can be", (bytes) => bytes.writeUInt16LE(0xffff, 56), "program headers are odd"],
    ["program headers of another size", (bytes) => bytes.writeUInt16LE(32, 54), "program headers are odd"],
    ["program headers beyond its end", (bytes) => bytes.writeBigUInt64LE(1n << 40n, 32), "beyond its end"],
    ["a number that is none", (bytes) => bytes.writeBigUInt64LE((1n << 64n) - 1n, 32), "too large"],
    ["an interpreter of a terabyte", (bytes) => bytes.writeBigUInt64LE(1n << 40n, segment(3) + 32), "too long"],
    ["an interpreter beyond its end", (bytes) => bytes.writeBigUInt64LE(1n << 40n, segment(3) + 8), "beyond its end"],
    [
      "an interpreter that is no path",
      (bytes) => bytes.write("x", Number(whole.readBigUInt64LE(segment(3) + 8))),
      "no absolute path",
    ],
    ["a dynamic section of a terabyte", (bytes) => bytes.writeBigUInt64LE(1n << 40n, segment(2) + 32), "too long"],
    [
      "strings that nothing maps",
      (bytes) => {
        for (let at = 0; at < 20; at++) {
          const tag = Number(whole.readBigUInt64LE(segment(2) + 8)) + at * 16;
          if (whole.readBigUInt64LE(tag) === 5n) bytes.writeBigUInt64LE(1n << 40n, tag + 8);
        }
      },
      "not where it should be",
    ],
    [
      "a name beyond its strings",
      (bytes) => {
        const tag = Number(whole.readBigUInt64LE(segment(2) + 8));
        expect(whole.readBigUInt64LE(tag)).toBe(1n);
        bytes.writeBigUInt64LE(1n << 40n, tag + 8);
      },
      "not where it should be",
    ],
  ])("with %s is damaged", async (_, change, problem) => {
    await expect(read(changed(change))).rejects.toThrow(`x is a damaged ELF file: `);
    await expect(read(changed(change))).rejects.toThrow(problem);
  });

  it("that is cut anywhere, or has any byte of its headers changed, is read or refused, and never crashes", async () => {
    const judge = async (bytes: Uint8Array) => {
      const outcome = await read(bytes).catch((error: unknown) => error);
      expect(outcome === undefined || outcome instanceof UserError || typeof outcome === "object").toBe(true);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(UserError);
    };
    for (const length of [4, 19, 20, 63, 64, 100, 500, 1000, 5000, 20_000]) await judge(whole.subarray(0, length));
    const [headers, dynamic] = [64 + 13 * 56, Number(whole.readBigUInt64LE(segment(2) + 8))];
    const places = [...Array(headers).keys(), ...Array.from({ length: 400 }, (_, at) => dynamic + at)];
    for (const [at, place] of places.entries()) {
      if (at % 3 === 0) await judge(changed((bytes) => bytes.writeUInt8(((bytes[place] ?? 0) + 127) & 0xff, place)));
    }
  });
});
