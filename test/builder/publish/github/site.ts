/** A bakery on the stand-in for GitHub, with publishers that lose no time when they wait. */

import { GithubApi } from "../../../../builder/publish/github/api.ts";
import { GithubPublisher } from "../../../../builder/publish/github/publisher.ts";
import { GithubReleases } from "../../../../builder/publish/github/releases.ts";
import type { SigningPolicy } from "../../../../builder/publish/index-signer.ts";
import { openRelease } from "../../../../builder/publish/publisher.ts";
import { SigningKey } from "../../../../builder/signing/signing-key.ts";
import { progressOn } from "../../../../builder/system/progress.ts";
import { parseSha256Sums } from "../../../../schema/index.ts";
import { Workplace } from "../../../support/bakery.ts";
import { sha256 } from "../../../support/sha256.ts";
import { type SyntheticOptions, writeRelease } from "../../../support/synthetic-release.ts";
import { GithubStandIn, REPOSITORY, TOKEN } from "../../../support/upstreams/github-releases.ts";

/** A transfer file as the reference has it. */
export const conf = (version: string) => `[Transfer]\n# of ${version}\n`;

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
    return new GithubSite(await GithubStandIn.open(), await Workplace.inMemory());
  }

  /** From now on, with a key of its own. */
  async sign(): Promise<void> {
    const key = await SigningKey.open(await SigningKey.generate({ name: "x", email: "x@example.org" }));
    this.signing = { key, trusted: key.keyring };
  }

  /** @returns its `release.json` */
  release(version: string, extension = "tool", options: SyntheticOptions = {}): Promise<string> {
    const folder = this.workplace.file(`${extension}-${version}${options.seed ?? ""}${options.builtAt ?? ""}`);
    return writeRelease(folder, extension, version, { arches: ["x86-64"], ...options });
  }

  /** Releases as the reference makes them: no manifest, no inventory. */
  addReference(versions: readonly string[], more: { hasDigest?: boolean } = {}): void {
    const lines = versions.map((version) => `${sha256(`image ${version}`)}  tool-${version}-x86-64.raw\n`);
    for (const [at, version] of versions.entries()) {
      this.github.repository.add(`tool-${version}`, {
        [`tool-${version}-x86-64.raw`]: `image ${version}`,
        SHA256SUMS: lines[at] ?? "",
        "tool.conf": conf(version),
      });
    }
    this.github.repository.add("tool", { SHA256SUMS: lines.join(""), "tool.conf": conf("old") });
    this.github.repository.add("SHA256SUMS", {
      SHA256SUMS: `${"e".repeat(64)}  other-1.0.0-x86-64.raw\n${lines.join("")}`,
    });
    this.github.repository.add("noop", { "noop.conf": "by hand" });
    for (const { assets } of this.github.repository.releases)
      for (const asset of assets) asset.hasDigest = more.hasDigest ?? true;
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

  /** Holds both indexes against their signatures and files, as a machine would. @returns those that are missing */
  async checkIndexes(): Promise<string[]> {
    const missing: string[] = [];
    for (const tag of ["tool", "SHA256SUMS"]) {
      const text = await this.index(tag);
      if (text === "") missing.push(tag);
      else await this.#checkSignatures(tag, text);
      for (const { file, sha256: expected } of text === "" ? [] : parseSha256Sums(text)) {
        const release = file.replace(/-(?:x86-64|arm64)\.raw$/, "");
        const actual = sha256((await this.github.download(`${release}/${file}`)) ?? "");
        if (actual !== expected) throw new Error(`${tag} says ${expected} of ${file}, which is ${actual}`);
      }
    }
    return missing;
  }

  async #checkSignatures(tag: string, text: string): Promise<void> {
    for (const suffix of this.signing === undefined ? [] : [".gpg", ".sha256.asc"]) {
      const signature = (await this.github.download(`${tag}/SHA256SUMS${suffix}`))?.toString("base64") ?? "";
      if (!(await this.signing?.trusted.verify(text, signature))) throw new Error(`${tag} has a wrong ${suffix}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.github[Symbol.asyncDispose]();
    await this.workplace[Symbol.asyncDispose]();
  }
}

export async function using(test: (site: GithubSite) => Promise<void>): Promise<void> {
  await using site = await GithubSite.open();
  await test(site);
}
