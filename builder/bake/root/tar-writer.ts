/** Writes entries as a tar archive, for packers that read one from a pipe: all of it root's, at one time. tar(5) */
import { Header, type HeaderData } from "tar/header";
import type { Entries, RootEntry } from "./entry.ts";

const BLOCK = 512;
/** Bytes of a header that are for a name, and as many for a link's target. */
const MAX_NAME = 100;
const EPOCH = new Date(0);
const TYPES = { folder: "Directory", file: "File", symlink: "SymbolicLink", "hard-link": "Link" } as const;
const ZEROS = Buffer.alloc(2 * BLOCK);

/** @param epoch seconds since 1970 */
export async function* writeTar(entries: Entries, epoch: number): AsyncGenerator<Uint8Array> {
  const mtime = new Date(epoch * 1_000);
  for await (const entry of entries) {
    yield header(entry, mtime);
    if (entry.kind !== "file") continue;
    yield* entry.content;
    const padding = paddingOf(entry.size);
    if (padding > 0) yield ZEROS.subarray(0, padding);
  }
  yield ZEROS;
}

function header(entry: RootEntry, mtime: Date): Buffer {
  const path = entry.kind === "folder" ? `${entry.path}/` : entry.path;
  const size = entry.kind === "file" ? entry.size : 0;
  const linkpath = linkOf(entry);
  const fields = {
    path,
    size,
    mode: modeOf(entry),
    uid: 0,
    gid: 0,
    mtime,
    ...(linkpath !== undefined && { linkpath }),
  };
  return Buffer.concat([
    ...longName("NextFileHasLongPath", path),
    ...longName("NextFileHasLongLinkpath", linkpath),
    block({ ...fields, type: TYPES[entry.kind] }),
  ]);
}

function block(fields: HeaderData): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  new Header(fields).encode(bytes);
  return bytes;
}

/**
 * What does not fit into a header goes before it, as GNU tar has it. Not into a pax header: of a symlink's target there
 * mksquashfs 4.5 loses a `../` or a slash at the front.
 */
function longName(type: "NextFileHasLongPath" | "NextFileHasLongLinkpath", name: string | undefined): Buffer[] {
  if (name === undefined || Buffer.byteLength(name) <= MAX_NAME) return [];
  const body = Buffer.from(`${name}\0`);
  const head = block({ path: "././@LongLink", type, mode: 0, uid: 0, gid: 0, size: body.length, mtime: EPOCH });
  return [head, body, ZEROS.subarray(0, paddingOf(body.length))];
}

function modeOf(entry: RootEntry): number {
  if (entry.kind === "file") return entry.mode;
  return entry.kind === "symlink" ? 0o777 : 0o755;
}

function linkOf(entry: RootEntry): string | undefined {
  if (entry.kind === "symlink") return entry.target;
  return entry.kind === "hard-link" ? entry.to : undefined;
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
