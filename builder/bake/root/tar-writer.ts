/** Writes entries as a tar archive, for packers that read one from a pipe: pax(1), all of it root's, at one time. */
import { Header, type HeaderData, Pax } from "tar";
import type { Entries, RootEntry } from "./entry.ts";

const BLOCK = 512;
const TYPES = { folder: "Directory", file: "File", symlink: "SymbolicLink", "hard-link": "Link" } as const;
const ZEROS = Buffer.alloc(2 * BLOCK);

/** @param epoch seconds since 1970 */
export async function* writeTar(entries: Entries, epoch: number): AsyncGenerator<Uint8Array> {
  const mtime = new Date(epoch * 1_000);
  for await (const entry of entries) {
    yield header(entry, mtime);
    if (entry.kind !== "file") continue;
    yield* entry.content;
    const padding = (BLOCK - (entry.size % BLOCK)) % BLOCK;
    if (padding > 0) yield ZEROS.subarray(0, padding);
  }
  yield ZEROS;
}

function header(entry: RootEntry, mtime: Date): Buffer {
  const path = entry.kind === "folder" ? `${entry.path}/` : entry.path;
  const size = entry.kind === "file" ? entry.size : 0;
  const names = { path, size, ...linkOf(entry) };
  const fields: HeaderData = { ...names, type: TYPES[entry.kind], mode: modeOf(entry), uid: 0, gid: 0, mtime };
  const block = Buffer.alloc(BLOCK);
  // Where a name or a size does not fit, a pax header before it has them. No times there: mksquashfs refuses whole ones.
  return new Header(fields).encode(block) ? Buffer.concat([new Pax(names).encode(), block]) : block;
}

function modeOf(entry: RootEntry): number {
  if (entry.kind === "file") return entry.mode;
  return entry.kind === "symlink" ? 0o777 : 0o755;
}

function linkOf(entry: RootEntry): Pick<HeaderData, "linkpath"> {
  if (entry.kind === "symlink") return { linkpath: entry.target };
  return entry.kind === "hard-link" ? { linkpath: entry.to } : {};
}
