/** All upstreams that recipes can name, behind one door: lists their versions, finds their files. */
import { isVersion, minorSeries, newestFirst } from "../../schema/index.ts";
import {
  type LatestRule,
  nameOfSource,
  newest,
  type Recipe,
  type VersionFilter,
  type VersionSource,
} from "../recipe/index.ts";
import { UsageError, UserError } from "../system/errors.ts";
import { Http, type HttpOptions } from "../system/http.ts";
import { Git } from "./git.ts";
import { GitHub } from "./github.ts";
import { Npm } from "./npm.ts";

export interface Upstreams {
  readonly http: Http;
  readonly github: GitHub;
  readonly npm: Npm;
  readonly git: Git;
}

/** @param env `BAKERY_MIRROR`, `GITHUB_API_URL` and `GITHUB_TOKEN` or `GH_TOKEN` count */
export function upstreamsFrom(env: NodeJS.ProcessEnv, options: Omit<HttpOptions, "mirror"> = {}): Upstreams {
  const http = new Http({ mirror: env.BAKERY_MIRROR, ...options });
  const apiUrl = env.GITHUB_API_URL || "https://api.github.com";
  if (!/^https?:$/.test(URL.parse(apiUrl)?.protocol ?? "")) {
    throw new UsageError(`GITHUB_API_URL is no http(s) URL: ${apiUrl}`);
  }
  const token = env.GITHUB_TOKEN || env.GH_TOKEN;
  return { http, github: new GitHub({ http, apiUrl, token }), npm: new Npm(http), git: new Git(http) };
}

/** What upstream offers, newest first; names that could not be published are left out. */
export async function listVersions(source: VersionSource, upstreams: Upstreams): Promise<string[]> {
  const versions = await listUnordered(source, upstreams);
  return [...new Set(versions)].filter(isVersion).sort(newestFirst);
}

/** Those of a recipe's versions that count as latest. */
export async function latestVersions(recipe: Recipe, upstreams: Upstreams): Promise<readonly string[]> {
  return latestOf(recipe.latest ?? newest(), await listVersions(recipe.versions, upstreams), upstreams);
}

async function latestOf(rule: LatestRule, versions: string[], upstreams: Upstreams): Promise<readonly string[]> {
  if (rule.kind === "newest") return versions.slice(0, 1);
  const among = rule.among && new Set((await listVersions(rule.among, upstreams)).map(minorSeries));
  const newestOfEach = [...Map.groupBy(versions, minorSeries)].flatMap(([series, [version]]) =>
    version === undefined || series === undefined || !(among?.has(series) ?? true) ? [] : [version],
  );
  return newestOfEach.slice(0, rule.series);
}

async function listUnordered(source: VersionSource, upstreams: Upstreams): Promise<readonly string[]> {
  switch (source.kind) {
    case "github-releases":
      return fromTags(await upstreams.github.releaseTags(source.repository), source.filter);
    case "npm-package":
      return fromTags(await upstreams.npm.versions(source.name), source.filter);
    case "fixed":
      return source.versions;
    default:
      throw new UserError(`${nameOfSource(source)} cannot be asked yet`);
  }
}

function fromTags(tags: readonly string[], { prefix = "", include, exclude }: VersionFilter): string[] {
  return tags
    .filter((tag) => tag.startsWith(prefix) && matches(tag, include, true) && !matches(tag, exclude, false))
    .map((tag) => tag.slice(prefix.length));
}

/** Not `test`, which goes on where it ended the last time if the pattern says `g`. */
function matches(tag: string, pattern: RegExp | undefined, otherwise: boolean): boolean {
  return pattern === undefined ? otherwise : tag.search(pattern) >= 0;
}
