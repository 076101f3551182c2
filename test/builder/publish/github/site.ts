/** A bakery on the stand-in for GitHub, with publishers that lose no time when they wait. */

import { GithubApi } from "../../../../builder/publish/github/api.ts";
import { GithubPublisher } from "../../../../builder/publish/github/publisher.ts";
import { GithubReleases } from "../../../../builder/publish/github/releases.ts";
import type { SigningPolicy } from "../../../../builder/publish/index-signer.ts";
import { openRelease } from "../../../../builder/publish/publisher.ts";
import { progressOn } from "../../../../builder/system/progress.ts";
import { parseSha256Sums } from "../../../../schema/index.ts";
import { Workplace } from "../../../support/bakery.ts";
import { sha256 } from "../../../support/sha256.ts";
import { type SyntheticOptions, writeRelease } from "../../../support/synthetic-release.ts";
import { GithubStandIn, REPOSITORY, TOKEN } from "../../../support/upstreams/github-releases.ts";

const SILENT = progressOn({ write: () => {} });

export class GithubSite implements AsyncDisposable {
  readonly github: GithubStandIn;
  readonly workplace: Workplace;
  /** What publishers have waited for, in milliseconds */
  readonly waits: number[] = [];
  signing: SigningPolicy | undefined;

  private constructor(github: GithubStandIn, workplace: Workplace) {
    this.github = github;
    this.workplace = workplace;
  }

  static async open(): Promise<GithubSite> {
    return new GithubSite(await GithubStandIn.open(), await Workplace.open());
  }

  /** @returns its `release.json` */
  release(version: string, extension = "tool", options: SyntheticOptions = {}): Promise<string> {
    const folder = this.workplace.file(`${extension}-${version}${options.seed ?? ""}`);
    return writeRelease(folder, extension, version, { arches: ["x86-64"], ...options });
  }

  get releases(): GithubReleases {
    const api = new GithubApi({
      apiUrl: this.github.apiUrl,
      repository: REPOSITORY,
      token: TOKEN,
      retryDelay: 1,
      sleep: async (milliseconds) => {
        this.waits.push(milliseconds);
        // Whoever is in our way is to get on.
        await new Promise((resolve) => setTimeout(resolve, Math.min(milliseconds, 5)));
      },
    });
    return new GithubReleases(api, SILENT);
  }

  publisher(): GithubPublisher {
    return new GithubPublisher({ releases: this.releases, progress: SILENT, signing: this.signing });
  }

  async publish(path: string): Promise<readonly string[]> {
    return (await this.publisher().publish(await openRelease(path))).written;
  }

  async index(tag = "tool"): Promise<string> {
    return (await this.github.download(`${tag}/SHA256SUMS`))?.toString() ?? "";
  }

  async versions(tag = "tool"): Promise<string[]> {
    const text = await this.index(tag);
    return text === "" ? [] : parseSha256Sums(text).map(({ file }) => file.replace(/-x86-64\.raw$/, ""));
  }

  /** Holds each line of both indexes against the file that a machine would get. @returns those that are missing */
  async checkIndexes(): Promise<string[]> {
    const missing: string[] = [];
    for (const tag of ["tool", "SHA256SUMS"]) {
      const text = await this.index(tag);
      if (text === "") missing.push(tag);
      for (const { file, sha256: expected } of text === "" ? [] : parseSha256Sums(text)) {
        const release = file.replace(/-(?:x86-64|arm64)\.raw$/, "");
        const actual = sha256((await this.github.download(`${release}/${file}`)) ?? "");
        if (actual !== expected) throw new Error(`${tag} says ${expected} of ${file}, which is ${actual}`);
      }
    }
    return missing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.github[Symbol.asyncDispose]();
    await this.workplace[Symbol.asyncDispose]();
  }
}
