/** Asks upstreams that stand in for real ones, with a cache that goes when the test ends. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { VersionSource } from "../../../builder/recipe/index.ts";
import { type Progress, progressOn } from "../../../builder/system/progress.ts";
import { listVersions } from "../../../builder/versions/list-versions.ts";
import { type Upstreams, type UpstreamsOptions, upstreamsFrom } from "../../../builder/versions/upstreams.ts";
import { Workplace } from "../../support/bakery.ts";
import type { Host } from "../../support/upstreams/host.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";

export class Asking implements AsyncDisposable {
  readonly workplace: Workplace;
  readonly mirror: Mirror;
  /** What the story says. */
  readonly story: string[] = [];

  private constructor(workplace: Workplace, mirror: Mirror) {
    this.workplace = workplace;
    this.mirror = mirror;
  }

  static async open(hosts: Readonly<Record<string, Host>> = {}): Promise<Asking> {
    return new Asking(await Workplace.open(), await Mirror.open(hosts));
  }

  /** As another run of the program has them. */
  upstreams(options: Partial<UpstreamsOptions> = {}, env: NodeJS.ProcessEnv = {}): Upstreams {
    const progress: Progress = progressOn({ write: (text) => this.story.push(text) });
    const given = { cache: this.workplace.cache, retryDelay: 1, progress, ...options };
    return upstreamsFrom({ BAKERY_MIRROR: this.mirror.url, ...env }, given);
  }

  list(source: VersionSource, options: Partial<UpstreamsOptions> = {}, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
    return listVersions(source, this.upstreams(options, env));
  }

  /** Files that answers are kept in. */
  async kept(): Promise<string[]> {
    const folder = join(this.workplace.cache, "answers");
    return (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mirror[Symbol.asyncDispose]();
    await this.workplace[Symbol.asyncDispose]();
  }
}
