/** The folder that builds work in: what the recipe has downloaded for them, unpacked. */
import type { Fetch } from "../fetch/fetch.ts";
import type { Plan } from "../plan.ts";
import { entriesOfFetch } from "../root/fetched.ts";
import { writeFolder } from "../root/folder.ts";
import { lay } from "../root/layers.ts";

/** Reads to the end, and so fails unless every byte was right: programs will work with it. */
export async function fillWorkFolder(
  folder: string,
  { plan, fetches }: { readonly plan: Plan; readonly fetches: readonly Fetch[] },
): Promise<string> {
  const wanted = fetches.filter(({ download }) => isForBuilds(download.install.kind));
  const layers = wanted.map((fetch) => ({ name: fetch.download.url, entries: entriesOfFetch(fetch), isEdited: false }));
  await writeFolder(lay(layers.reverse(), { removed: [], replaced: [] }), folder, plan.epoch);
  return folder;
}

export function isForBuilds(kind: Fetch["download"]["install"]["kind"]): boolean {
  return kind === "unpack" || kind === "keep";
}
