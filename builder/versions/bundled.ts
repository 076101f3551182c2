/** Which versions of bundled software go into an image: what was asked for, else what the recipe's default finds. */
import { isVersion, parseRevision } from "../../schema/index.ts";
import { type Bundle, nameOfSource, type Recipe, tagOf } from "../recipe/index.ts";
import { UpstreamError, UsageError, UserError } from "../system/errors.ts";
import type { Answer } from "./answers.ts";
import { listVersions } from "./list-versions.ts";
import type { Upstreams } from "./upstreams.ts";

export interface BundledFor {
  readonly version: string;
  /** By the bundle's name. */
  readonly given?: Readonly<Record<string, string>>;
}

/**
 * @returns versions by name, without those that are bundled only if asked for and were not
 * @throws UsageError for what cannot be a version; UpstreamError where nobody knows one
 */
export async function resolveBundled(
  { bundled = {}, versions }: Recipe,
  { version, given = {} }: BundledFor,
  upstreams: Upstreams,
): Promise<Record<string, string>> {
  const { upstream } = parseRevision(version);
  const by = { version: upstream, tag: tagOf(versions, upstream) };
  const resolved = await Promise.all(
    Object.entries(bundled).map(async ([name, bundle]) => {
      const wanted = given[name];
      if (wanted !== undefined && !isVersion(wanted)) throw new UsageError(`no version of ${name}: ${wanted}`);
      const found = wanted ?? (await defaultOf(name, bundle, by, upstreams));
      return found === undefined ? [] : [[name, found] as const];
    }),
  );
  // What the recipe does not have is for the plan to refuse.
  return { ...given, ...Object.fromEntries(resolved.flat()) };
}

async function defaultOf(
  name: string,
  bundle: Bundle,
  by: { readonly version: string; readonly tag: string },
  upstreams: Upstreams,
): Promise<string | undefined> {
  if (bundle.default === "none") return undefined;
  if (bundle.default !== "newest") return statedAt(name, bundle.default(by), upstreams);
  const [newest] = await listVersions(bundle.versions, upstreams);
  if (newest !== undefined) return newest;
  throw new UserError(`${nameOfSource(bundle.versions)} list no version of ${name}`, {
    hint: `--bundle ${name}=<version>`,
  });
}

/** @throws UpstreamError where something else than a version stands there: a commit, or a page that says sorry */
async function statedAt(name: string, url: string, { answers }: Upstreams): Promise<string> {
  return answers.get(url, ({ bytes }: Answer) => {
    const stated = bytes.toString("utf8").trim();
    if (isVersion(stated) && /^v?[0-9]+\./.test(stated)) return stated;
    throw new UpstreamError(`upstream does not say which version of ${name} it goes with`, {
      details: { url, says: stated.slice(0, 60) },
      hint: `--bundle ${name}=<version>`,
    });
  });
}
