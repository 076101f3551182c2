/** Tells a bakery that releases were imported into what their extensions are, as far as recipes here know it. */
import { resolve } from "node:path";
import { Catalog } from "../../builder/catalog.ts";
import { directorySource, httpSource } from "../../builder/doctor/source.ts";
import { bakeryUrl, describerFor, isUrl, type PublishingWorld } from "../../builder/publish/target.ts";
import { type DescribedExtension, describeExtensions } from "../../builder/release/describe-extensions.ts";
import { publishedIn } from "../../builder/release/published.ts";
import type { Upstreams } from "../../builder/versions/upstreams.ts";
import { EXTENSION_PROFILE_FILE, publicPath } from "../../schema/index.ts";

export interface Describing extends PublishingWorld {
  readonly upstreams: Upstreams;
}

/**
 * Where there is no recipe of that name, nothing is known. What a run before has imported and not told, as it was
 * killed, is told now; what is told there already stays, unless something newer may have come.
 * @param names extensions that the other bakery has
 * @param imported those of which there are new releases
 */
export async function describeImported(
  to: string,
  names: readonly string[],
  imported: ReadonlySet<string>,
  world: Describing,
): Promise<DescribedExtension[]> {
  const { cwd, env, progress, upstreams } = world;
  const catalog = new Catalog(env.BAKERY_EXTENSIONS || undefined);
  const known = new Set(await catalog.names());
  const source = isUrl(to) ? httpSource(bakeryUrl(to), upstreams.http) : directorySource(resolve(cwd, to));
  const untold: string[] = [];
  for (const release of names.filter((name) => known.has(name))) {
    const isTold = await source.read(publicPath({ release, file: EXTENSION_PROFILE_FILE }));
    if (imported.has(release) || isTold === undefined) untold.push(release);
  }
  if (untold.length === 0) return [];
  return progress.step(
    "Describing",
    async () => {
      const published = await publishedIn(to, { answers: upstreams.answers, cwd, env });
      return describeExtensions(untold, { catalog, published, place: describerFor(to, world) });
    },
    (all) => `${all.filter(({ result }) => result === "described").length} of ${untold.length} extensions`,
  );
}
