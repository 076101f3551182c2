/** Assemble: what a plan, its downloads and its builds put into the extension root, as a stream. Needs no network. */
import { join } from "node:path";
import { isForBuilds } from "./build/work-folder.ts";
import type { Fetch } from "./fetch/fetch.ts";
import type { Plan } from "./plan.ts";
import type { Entries } from "./root/entry.ts";
import { entriesOfFetch } from "./root/fetched.ts";
import { filesIn } from "./root/folder.ts";
import { type Layer, lay } from "./root/layers.ts";
import { writtenLayer } from "./root/written.ts";

/**
 * @param fetches those of the plan, in its order
 * @param built what its builds make, the top one first
 * @throws UserError for a recipe that cannot be followed; UpstreamError for an archive that cannot be unpacked
 */
export function assemble(plan: Plan, fetches: readonly Fetch[], built: readonly Layer[] = []): Entries {
  const { entries, edits } = writtenLayer(plan);
  const downloaded = fetches
    .filter(({ download }) => !isForBuilds(download.install.kind))
    .map((fetch) => ({ name: fetch.download.url, entries: entriesOfFetch(fetch), isEdited: true }));
  const layers: Layer[] = [
    { name: "the recipe's tree", entries, isEdited: false },
    ...built,
    // Of two downloads the later one counts, and any of them more than what lies beside the recipe.
    ...downloaded.reverse(),
    { name: "files/", entries: filesIn(join(plan.folder, "files"), plan.staticFiles), isEdited: true },
  ];
  return lay(layers, edits);
}
