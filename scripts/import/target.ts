/** What the bakery that is imported into has already: listed by its index, or withdrawn by its inventory. */
import { resolve } from "node:path";
import { directorySource, httpSource } from "../../builder/doctor/source.ts";
import { bakeryUrl, isUrl } from "../../builder/publish/target.ts";
import { publishedIn, type Reading } from "../../builder/release/published.ts";
import type { Upstreams } from "../../builder/versions/upstreams.ts";
import {
  findRelease,
  INVENTORY_FILE,
  isListed,
  parseImageFile,
  parseInventory,
  publicPath,
  releaseName,
} from "../../schema/index.ts";
import type { FoundRelease } from "./github-bakery.ts";

/** Those that are to be imported: what was withdrawn there is not brought back. */
export async function missingIn(
  to: string,
  releases: readonly FoundRelease[],
  { upstreams, cwd, env }: { readonly upstreams: Upstreams } & Omit<Reading, "answers">,
): Promise<FoundRelease[]> {
  const { releases: published } = await publishedIn(to, { answers: upstreams.answers, cwd, env });
  const notListed = releases.filter((release) => {
    const has = published.get(releaseName(release));
    return release.lines.some(({ file }) => !has?.has(parseImageFile(file)?.arch ?? "x86-64"));
  });
  const source = isUrl(to) ? httpSource(bakeryUrl(to), upstreams.http) : directorySource(resolve(cwd, to));
  const missing: FoundRelease[] = [];
  for (const [extension, own] of Map.groupBy(notListed, (release) => release.extension)) {
    const bytes = await source.read(publicPath({ release: extension, file: INVENTORY_FILE }));
    const inventory = bytes && parseInventory(bytes.toString("utf8"));
    const isWithdrawn = ({ version }: FoundRelease) => {
      const known = inventory && findRelease(inventory, version);
      return known !== undefined && !isListed(known);
    };
    missing.push(...own.filter((release) => !isWithdrawn(release)));
  }
  return missing;
}
