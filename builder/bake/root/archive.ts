/** An archive as a layer: which of its entries go where, and that none goes elsewhere. */
import { type Entries, fileMode, MAX_PATH, type RootEntry } from "./entry.ts";
import { type Arriving, readArchive } from "./read-archive.ts";
import { type ArchiveEntry, ArchiveError } from "./tar-reader.ts";

export interface Unpacking {
  /** Below which path of the root. */
  readonly path: string;
  /** Leading folders taken off each name. */
  readonly strip: number;
  /** Names in the archive, or folders there; empty: all. */
  readonly only: readonly string[];
}

/** Each is remembered until the end. */
const MAX_ENTRIES = 250_000;
/** NAME_MAX of Linux: limits.h(0p). Bytes. */
const MAX_NAME = 255;

/**
 * @param archive as `readArchive` takes it
 * @throws ArchiveError for whatever no honest archive has
 */
export async function* unpack(archive: Arriving, { path, strip, only }: Unpacking, maxEntries = MAX_ENTRIES): Entries {
  const folder = names(path);
  const wanted = only.map((one) => names(one).join("/"));
  /** What has passed by, by its name in the archive. */
  const seen = new Map<string, RootEntry["kind"]>();
  for await (const entry of readArchive(archive)) {
    const name = nameWithin(entry.name);
    if (name === "") continue;
    if (!(wanted.length === 0 || wanted.some((one) => name === one || name.startsWith(`${one}/`)))) continue;
    const stripped = name.split("/").slice(strip);
    if (stripped.length === 0) continue;

    const before = seen.get(name);
    if (before !== undefined && !(before === "folder" && entry.kind === "folder")) {
      throw new ArchiveError(`it has ${JSON.stringify(name)} twice`);
    }
    if (seen.size === maxEntries) throw new ArchiveError(`it has more than ${maxEntries} entries`);
    seen.set(name, entry.kind);
    const place = (parts: readonly string[]) => [...folder, ...parts].join("/");
    yield placed(entry, place(stripped), () => {
      const to = nameWithin(entry.linkName);
      if (seen.get(to) === "file" || seen.get(to) === "hard-link") return place(to.split("/").slice(strip));
      throw new ArchiveError(
        `${JSON.stringify(name)} is a hard link to ${JSON.stringify(to)}, which is no file before it`,
      );
    });
  }
}

function placed({ kind, mode, size, content, linkName }: ArchiveEntry, path: string, linked: () => string): RootEntry {
  switch (kind) {
    case "folder":
      return { path, kind };
    case "file":
      return { path, kind, mode: fileMode(mode), size, content };
    case "symlink":
      if (Buffer.byteLength(linkName) > MAX_PATH) throw new ArchiveError(`${JSON.stringify(path)} leads too far`);
      return { path, kind, target: linkName };
    case "hard-link":
      return { path, kind, to: linked() };
  }
}

/** `./a//b/` is `a/b`. What would lead out is refused, not mended. */
export function nameWithin(name: string): string {
  const parts = names(name);
  if (name.startsWith("/")) throw new ArchiveError(`an absolute path: ${JSON.stringify(name)}`);
  if (parts.includes("..")) throw new ArchiveError(`a path that goes up: ${JSON.stringify(name)}`);
  if (Buffer.byteLength(name) > MAX_PATH || parts.some((part) => Buffer.byteLength(part) > MAX_NAME)) {
    throw new ArchiveError(`a name that is too long: ${JSON.stringify(`${name.slice(0, 60)}…`)}`);
  }
  return parts.join("/");
}

function names(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}
