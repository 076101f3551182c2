/**
 * What a dynamic loader reads of a program or library: its interpreter, and which libraries it needs from where. elf(5)
 *
 * Files of other people: every offset and length is held against the file before it is used, and what is odd is an
 * error. Only 64-bit little-endian files are read beyond their head, for no arch of ours has others.
 */
import { type FileHandle, open } from "node:fs/promises";
import { ELF_HEAD_BYTES, type Elf, readElf } from "../image/elf.ts";
import { UserError } from "../system/errors.ts";

export interface ElfFile extends Elf {
  /** What `PT_INTERP` says; undefined for what the kernel starts alone, and for most libraries. */
  readonly interpreter?: string;
  /** Undefined for what no loader looks into. */
  readonly dynamic?: Dynamic;
}

/** The entries of `PT_DYNAMIC` that decide which libraries are loaded: ld.so(8) */
export interface Dynamic {
  readonly needed: readonly string[];
  readonly soname?: string;
  /** Folders of `DT_RPATH`, as they stand there: with `$ORIGIN` and the like. */
  readonly rpath: readonly string[];
  /** The same of `DT_RUNPATH`. */
  readonly runpath: readonly string[];
  /** `DF_1_NODEFLIB`: the loader's own folders are not searched. */
  readonly noDefaultFolders: boolean;
}

/** Sizes of `Elf64_Ehdr`, `Elf64_Phdr` and `Elf64_Dyn`. */
const HEADER = 64;
const SEGMENT = 56;
const TAG = 16;
const [PT_LOAD, PT_DYNAMIC, PT_INTERP] = [1, 2, 3];
const DT = {
  null: 0,
  needed: 1,
  strtab: 5,
  strsz: 10,
  soname: 14,
  rpath: 15,
  runpath: 29,
  flags1: 0x6ffffffb,
} as const;
const DF_1_NODEFLIB = 0x800;
/** More than any real file has. */
const MAX_SEGMENTS = 1024;
const MAX_TAGS = 64 * 1024;
/** PATH_MAX, which an rpath of several folders may exceed. Bytes. */
const MAX_STRING = 64 * 1024;

/**
 * @param path where it is
 * @param name what errors call it
 * @returns undefined for what is no ELF file
 * @throws UserError for one that is cut short or damaged
 */
export async function readElfFile(path: string, name: string): Promise<ElfFile | undefined> {
  await using handle = await open(path);
  const { size } = await handle.stat();
  const file = new Reader(handle, size, name);
  const head = await file.upTo(HEADER);
  const elf = readElf(head);
  if (elf === undefined) return undefined;
  const isLittle = head[5] === 1;
  if (elf.bits === 32 || !isLittle) return elf;
  if (head.length < HEADER) throw file.damaged("its header is cut short");

  const segments = await readSegments(file, head);
  const interpreter = await readInterpreter(file, segments);
  const dynamic = await readDynamic(file, segments);
  return { ...elf, ...(interpreter !== undefined && { interpreter }), ...(dynamic !== undefined && { dynamic }) };
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

async function readSegments(file: Reader, head: Buffer): Promise<Segment[]> {
  const count = head.readUInt16LE(56);
  if (count === 0) return [];
  if (head.readUInt16LE(54) !== SEGMENT || count > MAX_SEGMENTS) throw file.damaged("its program headers are odd");
  const table = await file.exactly(file.number(head, 32), count * SEGMENT, "its program headers");
  return Array.from({ length: count }, (_, at) => {
    const entry = table.subarray(at * SEGMENT, (at + 1) * SEGMENT);
    const [offset, address, size] = [8, 16, 32].map((field) => file.number(entry, field)) as [number, number, number];
    return { type: entry.readUInt32LE(0), offset, address, size };
  });
}

async function readInterpreter(file: Reader, segments: readonly Segment[]): Promise<string | undefined> {
  const found = only(file, segments, PT_INTERP, "an interpreter");
  if (found === undefined) return undefined;
  if (found.size > MAX_STRING) throw file.damaged("its interpreter's name is too long");
  const bytes = await file.exactly(found.offset, found.size, "its interpreter's name");
  const interpreter = file.text(bytes, "its interpreter's name");
  if (!interpreter.startsWith("/")) throw file.damaged(`its interpreter is no absolute path: ${interpreter}`);
  return interpreter;
}

async function readDynamic(file: Reader, segments: readonly Segment[]): Promise<Dynamic | undefined> {
  const found = only(file, segments, PT_DYNAMIC, "a dynamic section");
  if (found === undefined) return undefined;
  const what = "its dynamic section";
  if (found.size > MAX_TAGS * TAG) throw file.damaged(`${what} is too long`);
  const table = await file.exactly(found.offset, found.size, what);
  const tags: { tag: number; value: number }[] = [];
  for (let at = 0; at + TAG <= table.length; at += TAG) {
    const tag = Number(table.readBigUInt64LE(at));
    if (tag === DT.null) break;
    // Of other tags the value may be anything.
    if (Object.values(DT).includes(tag as never)) tags.push({ tag, value: file.number(table, at + 8) });
  }
  const last = (tag: number) => tags.findLast((one) => one.tag === tag)?.value;
  const strings = new Strings(file, segments, last(DT.strtab), last(DT.strsz));
  const all = (tag: number) => Promise.all(tags.filter((one) => one.tag === tag).map(({ value }) => strings.at(value)));
  const folders = async (tag: number) => {
    const value = last(tag);
    return value === undefined ? [] : (await strings.at(value)).split(":").filter((folder) => folder !== "");
  };
  const soname = last(DT.soname);
  const needed = await all(DT.needed);
  if (needed.includes("")) throw file.damaged("it needs a library without a name");
  return {
    needed,
    ...(soname !== undefined && { soname: await strings.at(soname) }),
    rpath: await folders(DT.rpath),
    runpath: await folders(DT.runpath),
    noDefaultFolders: ((last(DT.flags1) ?? 0) & DF_1_NODEFLIB) !== 0,
  };
}

function only(file: Reader, segments: readonly Segment[], type: number, what: string): Segment | undefined {
  const [first, second] = segments.filter((segment) => segment.type === type);
  if (second !== undefined) throw file.damaged(`it has ${what} twice`);
  return first;
}

/** `DT_STRTAB`: an address in memory, which a segment maps from the file. */
class Strings {
  readonly #file: Reader;
  readonly #offset: number | undefined;
  readonly #size: number;

  constructor(file: Reader, segments: readonly Segment[], address: number | undefined, size = 0) {
    const mapped = segments.find(
      (one) =>
        one.type === PT_LOAD && address !== undefined && one.address <= address && address < one.address + one.size,
    );
    this.#file = file;
    this.#size = size;
    if (mapped !== undefined && address !== undefined) this.#offset = mapped.offset + (address - mapped.address);
  }

  async at(position: number): Promise<string> {
    const what = "its string table";
    if (this.#offset === undefined || position >= this.#size)
      throw this.#file.damaged(`${what} is not where it should be`);
    const length = Math.min(MAX_STRING, this.#size - position);
    return this.#file.text(await this.#file.upTo(length, this.#offset + position), what);
  }
}

class Reader {
  readonly #handle: FileHandle;
  readonly #size: number;
  readonly #name: string;

  constructor(handle: FileHandle, size: number, name: string) {
    this.#handle = handle;
    this.#size = size;
    this.#name = name;
  }

  async upTo(length: number, position = 0): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(length, this.#size - position));
    const bytes = Buffer.alloc(wanted);
    let at = 0;
    while (at < wanted) {
      const { bytesRead } = await this.#handle.read(bytes, at, wanted - at, position + at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  }

  async exactly(position: number, length: number, what: string): Promise<Buffer> {
    const bytes = await this.upTo(length, position);
    if (bytes.length < length) throw this.damaged(`${what} is beyond its end`);
    return bytes;
  }

  number(bytes: Buffer, at: number): number {
    const value = Number(bytes.readBigUInt64LE(at));
    if (!Number.isSafeInteger(value)) throw this.damaged("a number in it is too large");
    return value;
  }

  /** Up to the first zero byte. */
  text(bytes: Buffer, what: string): string {
    const end = bytes.indexOf(0);
    const text = bytes.toString("utf8", 0, Math.max(end, 0));
    if (end === -1 || /[\p{Cc}\ufffd]/u.test(text)) throw this.damaged(`${what} is no text`);
    return text;
  }

  damaged(how: string): UserError {
    return new UserError(`${this.#name} is a damaged ELF file: ${how}`);
  }
}

/** As much of a file as tells whether it is one. */
export async function readHead(path: string, length = ELF_HEAD_BYTES): Promise<Buffer> {
  await using handle = await open(path);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
  return buffer.subarray(0, bytesRead);
}
