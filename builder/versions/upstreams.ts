/** All upstreams that recipes can name, as the environment says where they are. */
import { join } from "node:path";
import { Http, type HttpOptions } from "../system/http.ts";
import { type Progress, progressOn } from "../system/progress.ts";
import { Answers } from "./answers.ts";
import type { DebianLists } from "./debian.ts";
import { Git } from "./git.ts";
import { GitHub } from "./github.ts";
import { githubApiUrl } from "./github-addresses.ts";
import { Npm } from "./npm.ts";

export interface Upstreams {
  /** For downloads, and for what vouches for them. */
  readonly http: Http;
  /** For lists. */
  readonly answers: Answers;
  readonly github: GitHub;
  readonly npm: Npm;
  readonly git: Git;
  /** Debian's. */
  readonly lists: DebianLists;
}

export interface UpstreamsOptions extends Pick<HttpOptions, "signal" | "retryDelay" | "idleTimeout" | "sleep"> {
  /** The folder of the bakery's cache, where lists are kept */
  readonly cache: string;
  /** Lists are those that were asked for before. */
  readonly offline?: boolean;
  /** Default: nothing is told. */
  readonly progress?: Progress;
}

/**
 * @param env `BAKERY_MIRROR`, `GITHUB_API_URL`, `GITHUB_TOKEN` or `GH_TOKEN`, `DEBIAN_ARCHIVE` and `DEBIAN_KEYRING`
 * count
 */
export function upstreamsFrom(
  env: NodeJS.ProcessEnv,
  { cache, offline = false, progress = progressOn({ write: () => {} }), ...options }: UpstreamsOptions,
): Upstreams {
  const onWait = (line: string) => progress.note(line);
  const http = new Http({ mirror: env.BAKERY_MIRROR, onWait, ...options });
  const answers = new Answers({ http, folder: join(cache, "answers"), offline });
  const token = env.GITHUB_TOKEN || env.GH_TOKEN;
  return {
    http,
    answers,
    github: new GitHub({ http, answers, apiUrl: githubApiUrl(env), token }),
    npm: new Npm(answers),
    git: new Git(http),
    lists: { cache, env, offline, progress, signal: options.signal },
  };
}
