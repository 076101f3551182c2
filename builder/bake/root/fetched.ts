/** What a download brings: one file, or what is in an archive, as it arrives. */
import type { Install } from "../../recipe/index.ts";
import { BakeryError, rootMessage, UpstreamError, UserError } from "../../system/errors.ts";
import { withSubject } from "../fetch/explain.ts";
import type { Fetch } from "../fetch/fetch.ts";
import { unpack } from "./archive.ts";
import type { Entries } from "./entry.ts";
import { pathWithin } from "./written.ts";

/** @throws UserError where the recipe takes what is not there; UpstreamError for an archive that cannot be unpacked */
export async function* entriesOfFetch(fetch: Fetch): Entries {
  const { download, spool } = fetch;
  const { install } = download;
  const arriving = await spool;
  if (isOneFile(install)) {
    const size = await arriving.length;
    const mode = install.kind === "binary" ? 0o755 : 0o644;
    yield { path: pathWithin(install.path), kind: "file", mode, size, content: explained(arriving.read(), fetch) };
    return;
  }
  const { strip, only } = install;
  // The folder itself is no path in it.
  const path = install.path === "." ? "" : pathWithin(install.path);
  let taken = 0;
  for await (const entry of explained(unpack(arriving, { path, strip, only }), fetch)) {
    taken += 1;
    // A content is the archive's too, and read by others.
    yield entry.kind === "file" ? { ...entry, content: explained(entry.content, fetch) } : entry;
  }
  if (taken === 0) {
    throw new UserError("the archive has nothing of what the recipe takes from it", {
      details: { url: download.url, wanted: only.join(", ") || "everything", into: install.path },
      hint: "upstream may have changed the archive's layout",
    });
  }
}

function isOneFile(install: Install): install is Extract<Install, { kind: "binary" | "keep" }> {
  return install.kind === "binary" || install.kind === "keep";
}

/** What an archive yields; an error says which archive it was. */
async function* explained<T>(items: AsyncIterable<T> | Iterable<T>, fetch: Fetch): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (cause) {
    // What the system refuses, as on a full disk, is not the archive's fault.
    if (cause instanceof Error && "syscall" in cause) throw cause;
    // Nor is it damaged where other bytes than upstream's have come, or not all: that is to be said first, and in full.
    await fetch.record;
    if (cause instanceof BakeryError) throw cause;
    const details = withSubject(fetch.plan, { url: fetch.download.url, reason: rootMessage(cause) });
    throw new UpstreamError("the archive cannot be unpacked", { details, cause });
  }
}
