/**
 * Reads zip archives once they are here: the directory at their end says what is in them.
 *
 * Strict, as for tar: where the directory and what stands before a file contradict each other, or a name may be read in
 * two ways, it is an error. Format: PKWARE's APPNOTE.TXT 6.3; Unix modes and names in UTF-8 as Info-ZIP writes them.
 */
import { crc32, createInflateRaw } from "node:zlib";
import {
  type Entry,
  type ExtraField,
  fromRandomAccessReaderPromise,
  getFileNameLowLevel,
  RandomAccessReader,
  type ZipFile,
} from "yauzl";
import type { Whole } from "../../system/spool.ts";
import { refuseBomb, through } from "./decompress.ts";
import { MAX_PATH, wholeContent } from "./entry.ts";
import { type ArchiveEntry, ArchiveError, checkNames } from "./tar-reader.ts";

/** What may come first: a file, the end of an archive with nothing in it, the first part of several. */
const MAGICS = ["PK\x03\x04", "PK\x05\x06", "PK\x07\x08"].map((magic) => Buffer.from(magic, "latin1"));
const MAGIC_LENGTH = 4;

/** Section 4.4.5. */
const STORED = 0;
const DEFLATED = 8;
/** Systems whose external attributes have a Unix mode in their upper half: Unix, and Darwin. Section 4.4.2. */
const UNIX = new Set([3, 19]);
/** Bits of general purpose: section 4.4.4. */
const ENCRYPTED = 1 << 0;
const UTF8 = 1 << 11;
const MASKED = 1 << 13;
/** Info-ZIP's field for a name in UTF-8. */
const UNICODE_PATH = 0x7075;

/** The kind of a file within its mode: inode(7). */
const KIND_MASK = 0o170000;
const KINDS = new Map<number, ArchiveEntry["kind"]>([
  [0o040000, "folder"],
  [0o100000, "file"],
  [0o120000, "symlink"],
]);

const inflate = through(createInflateRaw);

export function isZip(head: Buffer): boolean {
  return MAGICS.some((magic) => magic.equals(head.subarray(0, MAGIC_LENGTH)));
}

/** @throws ArchiveError for what is damaged, encrypted, in parts, or odd */
export async function* readZip(whole: Whole): AsyncGenerator<ArchiveEntry> {
  // Names are ours to decode: the library would take bytes of no known encoding for those of DOS.
  const options = { decodeStrings: false };
  const zip = await fromRandomAccessReaderPromise(new WholeReader(whole), whole.size, options).catch(explain);
  let made = 0;
  try {
    for await (const header of zip.eachEntry()) {
      const name = nameOf(header);
      checkReadable(name, header);
      made += header.uncompressedSize;
      // Also of what is not taken: no honest archive has it. That a file is no larger than it says, is seen to below.
      refuseBomb(made, whole.size);
      yield await entryOf(name, header, await contentOf(name, header, zip, whole));
    }
  } catch (error) {
    explain(error);
  }
}

async function entryOf(name: string, header: Entry, content: AsyncIterable<Uint8Array>): Promise<ArchiveEntry> {
  const mode = UNIX.has(header.versionMadeBy >> 8) ? header.externalFileAttributes >>> 16 : 0;
  const isNamedFolder = name.endsWith("/");
  const kind = (mode & KIND_MASK) === 0 ? (isNamedFolder ? "folder" : "file") : KINDS.get(mode & KIND_MASK);
  const quoted = JSON.stringify(name);
  if (kind === undefined) throw new ArchiveError(`${quoted} is of a kind that no image may have`);
  if (isNamedFolder && kind !== "folder") throw new ArchiveError(`${quoted} is a folder by its name and no other way`);
  const size = header.uncompressedSize;
  if (kind === "folder" && size > 0) throw new ArchiveError(`${quoted} is a folder and has content`);
  if (kind !== "symlink") return { name, kind, mode, size, linkName: "", content };

  if (size > MAX_PATH) throw new ArchiveError(`${quoted} leads too far`);
  const linkName = (await wholeContent(content)).toString("utf8");
  checkNames(linkName);
  return { name, kind, mode, size: 0, linkName, content: [] };
}

function nameOf(header: Entry): string {
  const name = decodedName(header);
  checkNames(name);
  if (name.includes("\\")) throw new ArchiveError(`a name with a backslash: ${JSON.stringify(name)}`);
  return name;
}

/** Not as the format has it, to which what is not said to be UTF-8 is in DOS's code page: nobody on Linux does so. */
function decodedName({ generalPurposeBitFlag: flags, fileNameRaw, extraFields, versionMadeBy }: Entry): string {
  const isSaid = (flags & UTF8) !== 0 || extraFields.some((field) => isUnicodePath(field, fileNameRaw));
  if (isSaid || fileNameRaw.every((byte) => byte < 0x80)) {
    return getFileNameLowLevel(flags, fileNameRaw, extraFields, true);
  }
  const name = fileNameRaw.toString("utf8");
  // Info-ZIP takes names from a Unix as they are.
  if (UNIX.has(versionMadeBy >> 8)) return name;
  throw new ArchiveError(`a name does not say how it is to be read: ${JSON.stringify(name)}`);
}

/** A name that was changed by who did not know the field stands without it. */
function isUnicodePath({ id, data }: ExtraField, name: Buffer): boolean {
  return id === UNICODE_PATH && data.length > 5 && data[0] === 1 && data.readUInt32LE(1) === crc32(name);
}

function checkReadable(name: string, { generalPurposeBitFlag: flags, compressionMethod: method }: Entry): void {
  if ((flags & (ENCRYPTED | MASKED)) !== 0) throw new ArchiveError(`${JSON.stringify(name)} is encrypted`);
  if (method !== STORED && method !== DEFLATED) {
    throw new ArchiveError(`${JSON.stringify(name)} is compressed by method ${method}, which is not understood`);
  }
}

/** Held against what stands before it, and as it is read against its size and its checksum. */
async function contentOf(name: string, header: Entry, zip: ZipFile, whole: Whole): Promise<AsyncIterable<Uint8Array>> {
  const local = await zip.readLocalFileHeaderPromise(header);
  const isSame =
    local.fileName.equals(header.fileNameRaw) &&
    local.compressionMethod === header.compressionMethod &&
    ((local.generalPurposeBitFlag ^ header.generalPurposeBitFlag) & (ENCRYPTED | UTF8)) === 0;
  if (!isSame) throw new ArchiveError(`${JSON.stringify(name)} is something else in the archive's directory`);
  const { fileDataStart: start } = local;
  const { compressedSize: size } = header;
  if (start + size > whole.size) throw new ArchiveError("it is cut short");
  const bytes = whole.read(start, size);
  return checked(name, header, header.compressionMethod === DEFLATED ? inflate(bytes) : bytes);
}

async function* checked(name: string, header: Entry, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const quoted = JSON.stringify(name);
  let left = header.uncompressedSize;
  let sum = 0;
  for await (const piece of pieces) {
    left -= piece.length;
    if (left < 0) throw new ArchiveError(`${quoted} is longer than it says`);
    sum = crc32(piece, sum);
    yield piece;
  }
  if (left > 0) throw new ArchiveError(`${quoted} is shorter than it says`);
  if (sum !== header.crc32) throw new ArchiveError(`${quoted} is damaged: its checksum is another one`);
}

/** What the library reads the directory with. */
class WholeReader extends RandomAccessReader {
  readonly #whole: Whole;

  constructor(whole: Whole) {
    super();
    this.#whole = whole;
  }

  override read(buffer: Buffer, offset: number, length: number, position: number, done: Done): void {
    const read = async () => {
      if (position + length > this.#whole.size) throw new ArchiveError("it is cut short, or damaged");
      let at = offset;
      for await (const piece of this.#whole.read(position, length)) {
        buffer.set(piece, at);
        at += piece.length;
      }
    };
    read().then(() => done(null), done);
  }
}

type Done = (error: Error | null) => void;

/** What the system refuses is not the archive's fault. */
function explain(error: unknown): never {
  if (!(error instanceof Error) || "syscall" in error || error instanceof ArchiveError) throw error;
  throw new ArchiveError(error.message, { cause: error });
}
