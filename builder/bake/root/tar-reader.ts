/**
 * Reads tar archives as they arrive: POSIX pax and ustar, and what GNU tar adds for long names.
 *
 * Strict: two readers that take one archive for different trees are what attackers look for, so whatever is odd is
 * an error. Formats: pax(1) of POSIX.1-2024; tar(5) of libarchive.
 */
import { Header } from "tar/header";
import { ByteReader } from "./byte-reader.ts";
import type { Content } from "./entry.ts";

/** What an archive of any kind has. */
export interface ArchiveEntry {
  /** As it stands in the archive. */
  readonly name: string;
  readonly kind: "file" | "folder" | "symlink" | "hard-link";
  readonly mode: number;
  readonly size: number;
  /** Of links. */
  readonly linkName: string;
  readonly content: Content;
}

export interface TarEntry extends ArchiveEntry {
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, with fractions where a pax header has them. */
  readonly mtime: number;
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

/** They have no content, whatever their size says. */
const SPECIAL: ReadonlySet<string> = new Set(["CharacterDevice", "BlockDevice", "FIFO"]);

/** Whose a file is, and of when. */
interface Origin {
  uid?: number;
  gid?: number;
  mtime?: number;
}

/** Fields for the next entry, or for all, that a pax header has. */
interface Overrides extends Origin {
  path?: string;
  linkpath?: string;
  size?: number;
}

export interface TarOptions {
  /** Names under which devices and pipes are passed over; else they are an error. */
  readonly passesOver?: (name: string) => boolean;
}

/** What an entry's content has not been read of is passed over. */
export async function* readTar(
  bytes: AsyncIterable<Uint8Array>,
  { passesOver = () => false }: TarOptions = {},
): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(bytes);
  let next: Overrides = {};
  let all: Origin = {};
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
        case "GlobalExtendedHeader": {
          // What git and others put there, a commit; what it could say of names and sizes, nobody means for all.
          const { path, linkpath, size: length, ...origin } = parsePax(await extension(reader, size));
          if (path !== undefined || linkpath !== undefined || length !== undefined) {
            throw new ArchiveError("a global header is about names or sizes");
          }
          all = { ...all, ...origin };
          continue;
        }
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
      const origin = { ...originOf(header), ...all, ...next };
      next = {};
      if (SPECIAL.has(header.type) && passesOver(path ?? "")) continue;
      const kind = kindOf(header, path);
      checkNames(path, linkpath);
      const body = new Body(reader, kind === "file" ? length : 0);
      const { mode = 0 } = header;
      const { uid, gid, mtime } = origin;
      const owned = { mode, uid, gid, mtime };
      yield { name: path ?? "", kind, ...owned, linkName: linkpath ?? "", size: body.size, content: body };
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

function originOf({ uid = 0, gid = 0, mtime }: Header): Required<Origin> {
  return { uid, gid, mtime: (mtime?.getTime() ?? 0) / 1_000 };
}

/** @throws ArchiveError for what is no name on Linux, or was no text */
export function checkNames(...names: readonly (string | undefined)[]): void {
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
    if (key === "size" || key === "uid" || key === "gid") {
      if (!/^[0-9]{1,15}$/.test(value)) throw new ArchiveError(`a ${key} that is none: ${JSON.stringify(value)}`);
      found[key] = Number(value);
    }
    if (key === "mtime") {
      if (!/^-?[0-9]{1,15}(?:\.[0-9]*)?$/.test(value))
        throw new ArchiveError(`a time that is none: ${JSON.stringify(value)}`);
      found.mtime = Number(value);
    }
    at = end;
  }
  return found;
}
