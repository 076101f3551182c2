/**
 * Reads tar archives as they arrive: POSIX pax and ustar, and what GNU tar adds for long names.
 *
 * Strict: two readers that take one archive for different trees are what attackers look for, so whatever is odd is
 * an error. Formats: pax(1) of POSIX.1-2024; tar(5) of libarchive.
 */
import { Header } from "tar/header";
import { ByteReader } from "./byte-reader.ts";
import type { Content } from "./entry.ts";

export interface TarEntry {
  /** As it stands in the archive. */
  readonly name: string;
  readonly kind: "file" | "folder" | "symlink" | "hard-link";
  readonly mode: number;
  readonly size: number;
  /** Of links. */
  readonly linkName: string;
  readonly content: Content;
}

/** What is wrong with an archive; its reader knows where it came from. */
export class ArchiveError extends Error {}

const BLOCK = 512;
/** More than any name needs. Bytes. */
const MAX_EXTENSION = 1024 ** 2;

const KINDS: Readonly<Record<string, TarEntry["kind"]>> = {
  File: "file",
  OldFile: "file",
  ContiguousFile: "file",
  Directory: "folder",
  SymbolicLink: "symlink",
  Link: "hard-link",
};

/** Fields for the next entry, or for all: those of a pax header that say what and how long it is. */
interface Overrides {
  path?: string;
  linkpath?: string;
  size?: number;
}

/** What an entry's content has not been read of is passed over. */
export async function* readTar(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(bytes);
  let next: Overrides = {};
  let isEmpty = true;
  try {
    for (;;) {
      const block = await reader.exactly(BLOCK);
      if (block.length < BLOCK && (isEmpty || block.length > 0))
        throw new ArchiveError("it is no tar archive, or is cut short");
      if (block.length === 0 || block.every((byte) => byte === 0)) break;
      const header = new Header(block);
      if (!header.cksumValid) throw new ArchiveError(isEmpty ? "it is no tar archive" : "a header is damaged");
      isEmpty = false;

      const size = header.size ?? 0;
      switch (header.type) {
        case "ExtendedHeader":
        case "OldExtendedHeader":
          next = { ...next, ...parsePax(await extension(reader, size)) };
          continue;
        case "GlobalExtendedHeader":
          // What git and others put there, a commit; what it could say of names and sizes, nobody means for all.
          if (Object.keys(parsePax(await extension(reader, size))).length > 0) {
            throw new ArchiveError("a global header is about names or sizes");
          }
          continue;
        case "NextFileHasLongPath":
        case "OldGnuLongPath":
          next = { ...next, path: untilNul(await extension(reader, size)) };
          continue;
        case "NextFileHasLongLinkpath":
          next = { ...next, linkpath: untilNul(await extension(reader, size)) };
          continue;
      }
      // Ours to do: the library would put a header's prefix before a name that is whole.
      const { path = header.path, linkpath = header.linkpath, size: length = size } = next;
      next = {};
      const kind = kindOf(header, path);
      checkNames(path, linkpath);
      const body = new Body(reader, kind === "file" ? length : 0);
      const { mode = 0 } = header;
      yield { name: path ?? "", kind, mode, linkName: linkpath ?? "", size: body.size, content: body };
      await body.pass();
    }
    // What follows is padding; reading it lets a decompressor find out whether all was sound.
    for await (const _ of reader.rest());
  } finally {
    reader.close();
  }
}

function kindOf({ type }: Header, name = ""): TarEntry["kind"] {
  const kind = KINDS[type];
  if (kind === undefined)
    throw new ArchiveError(`${JSON.stringify(name)} is a ${nameOf(type)}, which no image may have`);
  // As tars were written that knew no folders: tar(5).
  return kind === "file" && name.endsWith("/") ? "folder" : kind;
}

function checkNames(...names: readonly (string | undefined)[]): void {
  for (const name of names) {
    // Decoding puts U+FFFD where there is no character.
    if (name?.includes("\ufffd")) throw new ArchiveError(`a name is not UTF-8: ${JSON.stringify(name)}`);
    if (name?.includes("\0")) throw new ArchiveError(`a name has a zero byte: ${JSON.stringify(name)}`);
  }
}

function nameOf(type: string): string {
  return type.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
}

class Body implements AsyncIterable<Uint8Array> {
  readonly size: number;
  readonly #reader: ByteReader;
  #left: number;

  constructor(reader: ByteReader, size: number) {
    this.size = size;
    this.#reader = reader;
    this.#left = size;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (this.#left > 0) {
      const piece = await this.#reader.some(this.#left);
      if (piece === undefined) throw cutShort();
      this.#left -= piece.length;
      yield piece;
    }
  }

  /** To the next header. */
  async pass(): Promise<void> {
    const padding = (BLOCK - (this.size % BLOCK)) % BLOCK;
    if (!(await this.#reader.skip(this.#left + padding))) throw cutShort();
  }
}

function cutShort(): ArchiveError {
  return new ArchiveError("it is cut short");
}

async function extension(reader: ByteReader, size: number): Promise<Buffer> {
  if (size > MAX_EXTENSION) throw new ArchiveError(`a header of ${size} bytes`);
  const body = await reader.exactly(size);
  if (body.length < size || !(await reader.skip((BLOCK - (size % BLOCK)) % BLOCK))) throw cutShort();
  return body;
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end);
}

/** Records `<length> <key>=<value>\n`, the length in bytes and of all of it. */
function parsePax(bytes: Buffer): Overrides {
  const found: Overrides = {};
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(" ", at);
    const length = Number(bytes.toString("latin1", at, blank === -1 ? at : blank));
    const end = at + length;
    const equals = bytes.indexOf("=", blank);
    const isSound = Number.isSafeInteger(length) && length > 0 && end <= bytes.length && bytes[end - 1] === 0x0a;
    if (!isSound || equals === -1 || equals >= end) throw new ArchiveError("a pax header is damaged");
    const key = bytes.toString("utf8", blank + 1, equals);
    const value = bytes.toString("utf8", equals + 1, end - 1);
    // Its bytes are not the file's, but say where these go.
    if (key.startsWith("GNU.sparse.")) throw new ArchiveError("a sparse file, which is not understood");
    if (key === "path" || key === "linkpath") found[key] = value;
    if (key === "size") {
      if (!/^[0-9]{1,15}$/.test(value)) throw new ArchiveError(`a size that is none: ${JSON.stringify(value)}`);
      found.size = Number(value);
    }
    at = end;
  }
  return found;
}
