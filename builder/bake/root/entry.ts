/** What passes by on its way into an image: one thing at a time, so that no tree needs to be on disk. */

/**
 * Pieces of a file. What yields them may be read once, and only until the next entry is asked for; a piece is good until
 * the next one is, for it may be the same buffer.
 */
export type Content = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

interface Placed {
  /** Relative to the root, `usr/bin/tool`. */
  readonly path: string;
}

export interface RootFolder extends Placed {
  readonly kind: "folder";
}

export interface RootFile extends Placed {
  readonly kind: "file";
  /** 0755 or 0644, and the setuid and setgid bit where it has them. */
  readonly mode: number;
  /** Bytes; `content` yields as many. */
  readonly size: number;
  readonly content: Content;
}

export interface RootSymlink extends Placed {
  readonly kind: "symlink";
  /** As it stands in the link. */
  readonly target: string;
}

/** Another name of a file that has passed by. */
export interface RootHardLink extends Placed {
  readonly kind: "hard-link";
  readonly to: string;
}

export type RootEntry = RootFolder | RootFile | RootSymlink | RootHardLink;

/** In order: a folder before what is in it. */
export type Entries = AsyncIterable<RootEntry>;

/** PATH_MAX of Linux, without the zero at the end: limits.h(0p). Bytes. */
export const MAX_PATH = 4095;

const SETUID_SETGID = 0o6000;

/** Neither the umask of whoever bakes nor modes in archives show: of a mode counts who may execute, and as whom. */
export function fileMode(mode: number): number {
  return (mode & 0o100 ? 0o755 : 0o644) | (mode & SETUID_SETGID);
}

export function textFile(path: string, text: string, { executable = false } = {}): RootFile {
  const bytes = Buffer.from(text);
  return { path, kind: "file", mode: executable ? 0o755 : 0o644, size: bytes.length, content: [bytes] };
}

/** A file's whole content, for those who must see all of it at once. */
export async function wholeContent(content: Content): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
