/**
 * Writes a cpio archive in the format "newc", which is what the kernel unpacks as its first root.
 * https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
 */

export interface CpioEntry {
  /** Without a slash in front; folders stand before what is in them. */
  readonly path: string;
  readonly kind: "folder" | "file";
  readonly mode: number;
  /** Of a file. */
  readonly content?: Uint8Array;
}

const MAGIC = "070701";
const KINDS = { folder: 0o040000, file: 0o100000 } as const;
const TRAILER = "TRAILER!!!";

/** All of it root's, at the epoch. */
export function cpioOf(entries: readonly CpioEntry[]): Buffer {
  const pieces = entries.flatMap(({ path, kind, mode, content = new Uint8Array() }, at) => [
    header(path, { inode: at + 1, mode: KINDS[kind] | mode, links: kind === "folder" ? 2 : 1, size: content.length }),
    padded(content),
  ]);
  return Buffer.concat([...pieces, header(TRAILER, { inode: 0, mode: 0, links: 1, size: 0 })]);
}

interface Fields {
  readonly inode: number;
  readonly mode: number;
  readonly links: number;
  readonly size: number;
}

/** Thirteen fields of eight hex digits, the name with a zero behind it, and zeros up to a multiple of four bytes. */
function header(path: string, { inode, mode, links, size }: Fields): Buffer {
  const owner = [0, 0];
  const [mtime, device, special] = [0, [0, 0], [0, 0]];
  const name = Buffer.from(`${path}\0`);
  const fields = [inode, mode, ...owner, links, mtime, size, ...device, ...special, name.length, 0];
  const digits = fields.map((field) => field.toString(16).padStart(8, "0")).join("");
  return padded(Buffer.concat([Buffer.from(MAGIC + digits), name]));
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
