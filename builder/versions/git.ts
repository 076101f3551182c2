/**
 * Git repositories, as far as builds need them: which commit a tag names, and the tree of it as one archive.
 *
 * git-ls-remote(1), git-fetch(1), git-archive(1)
 */
import { join } from "node:path";
import { NotFoundError, ToolError, UpstreamError } from "../system/errors.ts";
import type { Http, Sink } from "../system/http.ts";
import { run, throughProgram } from "../system/run.ts";
import { withWorkDir } from "../system/work-dir.ts";

export interface GitTag {
  readonly repository: string;
  readonly tag: string;
}

const GIT_TAG = /^git\+(?<repository>https:\/\/[^#\s]+)#(?<tag>[^\s~^:?*[\\]+)$/;
/** Which repository git is at work in, and how, where it runs us as a hook: git-rev-parse(1), `--local-env-vars`. */
const OF_HOOKS = [
  ...["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_PREFIX"],
  ...["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE"],
  ...["GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_REPLACE_REF_BASE", "GIT_NO_REPLACE_OBJECTS"],
];
/** Nothing of the user's: neither credentials nor settings may decide what is built. */
const ENV = {
  ...Object.fromEntries(OF_HOOKS.map((name) => [name, undefined])),
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_ATTR_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  // Set to nothing, also SSH_ASKPASS is not asked.
  GIT_ASKPASS: "",
  // Where curl looks for passwords: ~/.netrc.
  HOME: "/nonexistent",
  // A server that says nothing for a minute counts as dead.
  GIT_HTTP_LOW_SPEED_LIMIT: "1",
  GIT_HTTP_LOW_SPEED_TIME: "60",
};
const PACKAGE = "git";

/** Of what `gitTag` in a recipe writes; undefined for other addresses. */
export function parseGitTag(url: string): GitTag | undefined {
  const { repository, tag } = GIT_TAG.exec(url)?.groups ?? {};
  return repository === undefined || tag === undefined ? undefined : { repository, tag };
}

export class Git {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /**
   * @returns the commit, 40 or 64 hex digits
   * @throws NotFoundError for a tag that is not there
   */
  async commitOf({ repository, tag }: GitTag, signal?: AbortSignal): Promise<string> {
    const ref = `refs/tags/${tag}`;
    const listed = await this.#git(
      ["ls-remote", this.#http.addressOf(repository), ref, `${ref}^{}`],
      repository,
      signal,
    );
    const refs = new Map(listed.split("\n").map((line) => line.split("\t").reverse() as [string, string]));
    // An annotated tag is an object of its own, and names the commit.
    const commit = refs.get(`${ref}^{}`) ?? refs.get(ref);
    if (commit !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) return commit;
    // A web page has no tags either, and git says no more of it.
    const branches = await this.#git(["ls-remote", "--heads", this.#http.addressOf(repository)], repository, signal);
    if (branches.trim() === "") {
      throw new UpstreamError("no git repository, or one with nothing in it", { details: { url: repository } });
    }
    throw new NotFoundError(`the repository has no tag ${tag}`, { details: { url: repository } });
  }

  /** Writes the tree of a commit as a tar archive, without submodules: the same bytes for the same commit. */
  async archive(at: GitTag, commit: string, sink: Sink, signal?: AbortSignal): Promise<void> {
    await withWorkDir(async (folder) => {
      const bare = join(folder, "repository.git");
      await this.#git(["init", "--bare", "--quiet", bare], at.repository, signal);
      const inIt = (...args: string[]) => this.#git(["-C", bare, ...args], at.repository, signal);
      // The commit itself may not be asked for at every server.
      await inIt(
        "fetch",
        "--quiet",
        "--depth=1",
        "--no-tags",
        this.#http.addressOf(at.repository),
        `refs/tags/${at.tag}`,
      );
      const fetched = (await inIt("rev-parse", "FETCH_HEAD^{commit}")).trim();
      if (fetched !== commit) {
        const details = { url: at.repository, tag: at.tag, before: commit, now: fetched };
        throw new UpstreamError("the tag has been moved just now", { details, hint: "try again" });
      }
      const args = ["-C", bare, "-c", "tar.umask=0022", "archive", "--format=tar", commit];
      const nothing = (async function* () {})();
      for await (const piece of throughProgram("git", args, nothing, { env: ENV, signal, package: PACKAGE })) {
        await sink.write(piece);
      }
    });
  }

  async #git(args: readonly string[], repository: string, signal: AbortSignal | undefined): Promise<string> {
    try {
      return await run("git", args, { env: ENV, signal, package: PACKAGE });
    } catch (cause) {
      signal?.throwIfAborted();
      const output = cause instanceof ToolError ? cause.details.output : undefined;
      // That it is not installed is no fault of the repository's.
      if (output === undefined) throw cause;
      throw new UpstreamError("the repository cannot be read", { details: { url: repository, reason: output }, cause });
    }
  }
}
