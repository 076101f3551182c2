/**
 * Reads what a Debian package installs, as it arrives: the entries of its data archive. What else is in the package,
 * scripts among it, is passed over. Formats: deb(5), ar(5)
 */
import type { ByteReader } from "./byte-reader.ts";
import { decompress } from "./decompress.ts";
import { type ArchiveEntry, ArchiveError, readTar } from "./tar-reader.ts";

/** Of ar archives. */
const MAGIC = Buffer.from("!<arch>\n");
const HEADER_LENGTH = 60;
const HEADER_END = "`\n";
const VERSION_MEMBER = "debian-binary";
/** `2.0`, and what dpkg may add to it. */
const VERSION = /^2\.[0-9]+\n/;
/** More than any version needs. Bytes. */
const MAX_VERSION = 256;
const CONTROL = /^control\.tar(?:\.(?:gz|xz|zst))?$/;
const DATA = /^data\.tar(?:\.(?:gz|xz|zst|bz2))?$/;

interface Member {
  readonly name: string;
  /** bytes */
  readonly size: number;
}

export function isDeb(head: Buffer): boolean {
  return head.equals(MAGIC);
}

/** @throws ArchiveError for other ar archives, and for what is damaged */
export async function* readDeb(reader: ByteReader): AsyncGenerator<ArchiveEntry> {
  await reader.skip(MAGIC.length);
  const first = await memberOf(reader);
  if (first?.name !== VERSION_MEMBER) throw new ArchiveError("an ar archive, but no Debian package");
  if (first.size > MAX_VERSION) throw new ArchiveError(`${VERSION_MEMBER} is of ${first.size} bytes`);
  const version = (await exactly(reader, first.size)).toString("latin1");
  if (!VERSION.test(version)) throw new ArchiveError(`a Debian package of format ${JSON.stringify(version.trim())}`);
  await padding(reader, first);

  for (let hasControl = false; ; ) {
    const member = await memberOf(reader);
    if (member === undefined) throw new ArchiveError("a Debian package without a data archive");
    const { name, size } = member;
    if (DATA.test(name) && hasControl) return yield* dataOf(reader, member);
    // What formats to come put in between has such names.
    if (CONTROL.test(name) && !hasControl) hasControl = true;
    else if (!name.startsWith("_"))
      throw new ArchiveError(`a Debian package with ${JSON.stringify(name)} in its place`);
    if (!(await reader.skip(size))) throw cutShort();
    await padding(reader, member);
  }
}

async function* dataOf(reader: ByteReader, { size }: Member): AsyncGenerator<ArchiveEntry> {
  let left = size;
  const bytes = async function* () {
    while (left > 0) {
      const piece = await reader.some(left);
      if (piece === undefined) throw cutShort();
      left -= piece.length;
      yield piece;
    }
  };
  yield* readTar(decompress(bytes()));
  // What comes after its end is nobody's, but it has to be there; and after the member, members to come.
  if (!(await reader.skip(left))) throw cutShort();
  for await (const _ of reader.rest());
}

/** Undefined at the end. */
async function memberOf(reader: ByteReader): Promise<Member | undefined> {
  const bytes = await reader.exactly(HEADER_LENGTH);
  if (bytes.length === 0) return undefined;
  if (bytes.length < HEADER_LENGTH) throw cutShort();
  const header = bytes.toString("latin1");
  const size = header.slice(48, 58).trimEnd();
  if (!header.endsWith(HEADER_END) || !/^[0-9]+$/.test(size)) throw new ArchiveError("a header is damaged");
  // GNU ar ends names with a slash.
  return { name: header.slice(0, 16).trimEnd().replace(/\/$/, ""), size: Number(size) };
}

/** Members begin at even places. */
async function padding(reader: ByteReader, { size }: Member): Promise<void> {
  await reader.skip(size % 2);
}

async function exactly(reader: ByteReader, length: number): Promise<Buffer> {
  const bytes = await reader.exactly(length);
  if (bytes.length < length) throw cutShort();
  return bytes;
}

function cutShort(): ArchiveError {
  return new ArchiveError("it is cut short");
}
