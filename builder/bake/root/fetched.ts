/** What a download brings: one file, or what is in an archive, as it arrives. */
import type { Install } from "../../recipe/index.ts";
import { BakeryError, rootMessage, UpstreamError, UserError } from "../../system/errors.ts";
import type { Fetch } from "../fetch/fetch.ts";
import { type Unpacking, unpack } from "./archive.ts";
import type { Entries, RootEntry } from "./entry.ts";
import { pathWithin } from "./written.ts";

/** @throws UserError where the recipe takes what is not there; UpstreamError for an archive that cannot be unpacked */
export async function* entriesOfFetch(fetch: Fetch): Entries {
  const { download, spool } = fetch;
  const { install } = download;
  const arriving = await spool;
  if (isOneFile(install)) {
    const size = await arriving.length;
    const mode = install.kind === "binary" ? 0o755 : 0o644;
    yield { path: pathWithin(install.path), kind: "file", mode, size, content: arriving.read() };
    return;
  }
  const unpacking = unpackingOf(install);
  const { only } = unpacking;
  let taken = 0;
  for await (const entry of explained(unpack(arriving, unpacking), fetch)) {
    taken += 1;
    // A content is the archive's too, and read by others.
    const placed = install.kind === "take" ? placedBy(install.places, entry) : entry;
    yield placed.kind === "file" ? { ...placed, content: explained(placed.content, fetch) } : placed;
  }
  if (taken === 0) {
    throw new UserError("the archive has nothing of what the recipe takes from it", {
      details: { url: download.url, wanted: only.join(", ") || "everything", into: placeOf(install) },
      hint: "upstream may have changed the archive's layout",
    });
  }
}

type FromArchive = Exclude<Install, { kind: "binary" | "keep" }>;

function unpackingOf(install: FromArchive): Unpacking {
  if (install.kind === "take") return { path: "", strip: 0, only: Object.keys(install.places) };
  // The folder itself is no path in it.
  return { ...install, path: install.path === "." ? "" : pathWithin(install.path) };
}

function placeOf(install: FromArchive): string {
  return install.kind === "take" ? Object.values(install.places).join(", ") : install.path;
}

/** An entry named as in the archive, where `take` puts it. */
function placedBy(places: Readonly<Record<string, string>>, entry: RootEntry): RootEntry {
  const place = (name: string) => {
    const [part, to] = Object.entries(places).find(([one]) => name === one || name.startsWith(`${one}/`)) ?? [
      name,
      name,
    ];
    return `${pathWithin(to)}${name.slice(part.length)}`;
  };
  const path = place(entry.path);
  return entry.kind === "hard-link" ? { ...entry, path, to: place(entry.to) } : { ...entry, path };
}

function isOneFile(install: Install): install is Extract<Install, { kind: "binary" | "keep" }> {
  return install.kind === "binary" || install.kind === "keep";
}

/** What an archive yields; an error says which archive it was. */
async function* explained<T>(items: AsyncIterable<T> | Iterable<T>, { download, record }: Fetch): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (cause) {
    // What the system refuses, as on a full disk, is not the archive's fault.
    if (cause instanceof BakeryError || (cause instanceof Error && "syscall" in cause)) throw cause;
    // Nor is it damaged where other bytes than upstream's have come: that is to be said first.
    await record;
    const details = { url: download.url, reason: rootMessage(cause) };
    throw new UpstreamError("the archive cannot be unpacked", { details, cause });
  }
}
