/** Assemble: what a plan and its downloads put into the extension root, as a stream. Needs no network, and no disk. */
import { BakeryError, rootMessage, UpstreamError, UserError } from "../system/errors.ts";
import type { Fetch } from "./fetch/fetch.ts";
import type { Plan } from "./plan.ts";
import { unpack } from "./root/archive.ts";
import type { Entries } from "./root/entry.ts";
import { filesIn } from "./root/folder.ts";
import { type Layer, lay } from "./root/layers.ts";
import { pathWithin, writtenLayer } from "./root/written.ts";

/**
 * @param fetches those of the plan, in its order
 * @throws UserError for a recipe that cannot be followed; UpstreamError for an archive that cannot be unpacked
 */
export function assemble(plan: Plan, fetches: readonly Fetch[]): Entries {
  const { entries, edits } = writtenLayer(plan);
  const layers: Layer[] = [
    { name: "the recipe's tree", entries, isEdited: false },
    // Of two downloads the later one counts, and any of them more than what lies beside the recipe.
    ...fetches.map((fetch) => ({ name: fetch.download.url, entries: entriesOf(fetch), isEdited: true })).reverse(),
    { name: "files/", entries: filesIn(plan.filesFolder, plan.staticFiles), isEdited: true },
  ];
  return lay(layers, edits);
}

async function* entriesOf(fetch: Fetch): Entries {
  const { download, spool } = fetch;
  const { install } = download;
  const arriving = await spool;
  if (install.kind === "binary") {
    const size = await arriving.length;
    yield { path: pathWithin(install.path), kind: "file", mode: 0o755, size, content: arriving.read() };
    return;
  }
  const { strip, only } = install;
  let taken = 0;
  for await (const entry of explained(
    unpack(arriving.read(), { path: pathWithin(install.path), strip, only }),
    fetch,
  )) {
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
