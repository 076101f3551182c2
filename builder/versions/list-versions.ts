/** Lists the versions that a source has, whichever upstream it is. */
import { isVersion, newestFirst } from "../../schema/index.ts";
import { nameOfSource, type VersionFilter, type VersionSource } from "../recipe/index.ts";
import { NotFoundError, ToolError, UpstreamError, UserError } from "../system/errors.ts";
import { alpineVersions } from "./alpine.ts";
import { debianVersions } from "./debian.ts";
import { gitlabTagNames } from "./gitlab.ts";
import { hashicorpVersions } from "./hashicorp.ts";
import { versionsInPages } from "./html-listing.ts";
import { kubernetesVersions } from "./kubernetes.ts";
import type { Upstreams } from "./upstreams.ts";

/**
 * What upstream offers, newest first; names that could not be published are left out.
 * @throws UpstreamError, UserError or ToolError that names the source
 */
export async function listVersions(source: VersionSource, upstreams: Upstreams): Promise<string[]> {
  const versions = await listUnordered(source, upstreams).catch((error: unknown) => {
    throw explained(source, error);
  });
  return [...new Set(versions)].filter(isVersion).sort(newestFirst);
}

async function listUnordered(source: VersionSource, upstreams: Upstreams): Promise<readonly string[]> {
  const { answers, github, npm, lists } = upstreams;
  switch (source.kind) {
    case "github-releases":
      return fromTags(await github.releaseTags(source.repository), source.filter);
    case "github-tags":
      return fromTags(await github.tags(source.repository), source.filter);
    case "gitlab-tags":
      return fromTags(await gitlabTagNames(answers, source.instance, source.project), source.filter);
    case "hashicorp-releases":
      return hashicorpVersions(answers, source.product);
    case "kubernetes-schedule":
      return kubernetesVersions(answers);
    case "html-listing":
      return versionsInPages(source, answers);
    case "npm-package":
      return fromTags(await npm.versions(source.name), source.filter);
    case "debian-package":
      return debianVersions(source, lists);
    case "alpine-package":
      return alpineVersions(answers, source);
    case "fixed":
      return source.versions;
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

function explained(source: VersionSource, error: unknown): unknown {
  if (!(error instanceof UpstreamError || error instanceof UserError || error instanceof ToolError)) return error;
  const { details, value } = error;
  const message = `${nameOfSource(source)} cannot be listed: ${error.message}`;
  const gone = "upstream may have moved: the recipe's versions say where it is looked for";
  const hint =
    error.hint ?? (error instanceof NotFoundError ? gone : "try again; if it persists, upstream has changed");
  const options = { details, hint, value, cause: error };
  if (error instanceof NotFoundError) return new NotFoundError(message, options);
  if (error instanceof UpstreamError) return new UpstreamError(message, options);
  return error instanceof UserError ? new UserError(message, options) : new ToolError(message, options);
}
