/** Zip archives entry by entry, without the checks of those who write archives for others to trust: APPNOTE.TXT 4.3. */
import { crc32, deflateRawSync } from "node:zlib";

export interface ZipEntry {
  readonly name: string | Buffer;
  /** Default: none. */
  readonly content?: string | Buffer;
  /** With its kind, 0o120777; default: what is no Unix has written it. */
  readonly mode?: number;
  readonly stored?: boolean;
  readonly flags?: number;
  /** What the directory, and what stands before the file, say instead of the truth. */
  readonly directory?: Partial<Fields>;
  readonly local?: Partial<Fields>;
  readonly extra?: Buffer;
}

interface Fields {
  name: Buffer;
  method: number;
  crc: number;
  compressed: number;
  size: number;
}

export interface ZipEnd {
  readonly entries?: number;
  readonly disk?: number;
  readonly directoryAt?: number;
  /** Between the directory and the end. */
  readonly before?: (directoryAt: number, size: number) => Buffer;
}

const UTF8 = 0x800;
const STORED = 0;
const DEFLATED = 8;

export function zip(entries: readonly ZipEntry[], end: ZipEnd = {}): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const { name, content = "", mode, stored = false, flags = UTF8, extra = Buffer.alloc(0) } = entry;
    const data = Buffer.from(content);
    const packed = stored ? data : deflateRawSync(data);
    const truth: Fields = {
      name: Buffer.from(name),
      method: stored ? STORED : DEFLATED,
      crc: crc32(data),
      compressed: packed.length,
      size: data.length,
    };
    const local = { ...truth, ...entry.local };
    const central = { ...truth, ...entry.directory };
    const file = Buffer.concat([u32(0x04034b50), common(local, flags, 0), local.name, packed]);
    const madeBy = mode === undefined ? u16(20) : u16((3 << 8) | 30);
    directory.push(u32(0x02014b50), madeBy, common(central, flags, extra.length), u16(0, 0, 0));
    directory.push(u32(((mode ?? 0) * 0x10000) >>> 0, at), central.name, extra);
    files.push(file);
    at += file.length;
  }
  const listed = Buffer.concat(directory);
  const { entries: count = entries.length, disk = 0, directoryAt = at, before } = end;
  const between = before?.(at, listed.length) ?? Buffer.alloc(0);
  const last = [u32(0x06054b50), u16(disk, disk, count, count), u32(listed.length, directoryAt), u16(0)];
  return Buffer.concat([...files, listed, between, ...last]);
}

/** The fields that both headers have, up to the lengths. */
function common({ name, method, crc, compressed, size }: Fields, flags: number, extra: number): Buffer {
  return Buffer.concat([u16(20, flags, method, 0, 0x21), u32(crc, compressed, size), u16(name.length, extra)]);
}

export function u16(...values: number[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.of(value & 0xff, value >>> 8)));
}

export function u32(...values: number[]): Buffer {
  return Buffer.concat(values.map((value) => u16(value & 0xffff, value >>> 16)));
}
