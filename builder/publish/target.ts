/** Where `--to` leads: a bakery's URL, a repository on GitHub, or a folder. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Cli } from "../commands/command.ts";
import { Keyring } from "../signing/keyring.ts";
import { SigningKey } from "../signing/signing-key.ts";
import { rootMessage, UsageError } from "../system/errors.ts";
import { githubApiUrl } from "../versions/github-addresses.ts";
import { BakeryPublisher } from "./bakery.ts";
import { BakeryApi } from "./bakery-api.ts";
import { credentialsFrom } from "./credentials.ts";
import { DirectoryPublisher } from "./directory/publisher.ts";
import { GithubApi } from "./github/api.ts";
import { GithubPublisher } from "./github/publisher.ts";
import { GithubReleases } from "./github/releases.ts";
import { bestBeforeFrom } from "./index-date.ts";
import type { SigningPolicy } from "./index-signer.ts";
import type { Describer, Publisher } from "./publisher.ts";

export interface TargetOptions {
  readonly proves?: boolean;
  readonly signsAll?: boolean;
  readonly renews?: boolean;
}

/** The world as a publisher needs it. */
export type PublishingWorld = Pick<Cli, "env" | "cwd" | "progress" | "signal">;

/** @throws UsageError for what is neither a bakery's URL, nor a repository, nor a folder */
export async function publisherFor(
  to: string,
  world: PublishingWorld,
  options: TargetOptions = {},
): Promise<Publisher> {
  const policy = await signingPolicy(world, options);
  const repository = githubRepository(to);
  if (repository !== undefined) return githubPublisher(repository, world, policy);
  if (isUrl(to)) return bakeryPublisher(to, world, { ...options, policy });
  return new DirectoryPublisher(resolve(world.cwd, to), policy);
}

/** @throws UsageError for what is neither a bakery's URL nor a folder */
export function describerFor(to: string, world: PublishingWorld): Describer {
  if (githubRepository(to) !== undefined) {
    throw new UsageError("releases on GitHub have no profiles of extensions", {
      hint: "people read there what its pages say; --to takes a bakery's URL, or a folder",
    });
  }
  if (isUrl(to)) return bakeryPublisher(to, world, { policy: undefined });
  return new DirectoryPublisher(resolve(world.cwd, to));
}

export function isUrl(to: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(to);
}

const GITHUB = /^github:(?<repository>[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+)$/;

/** `owner/repository` of `github:owner/repository` */
export function githubRepository(place: string): string | undefined {
  return GITHUB.exec(place)?.groups?.repository;
}

/** @throws UsageError where there is no token */
export function githubPublisher(
  repository: string,
  { env, progress, signal }: PublishingWorld,
  signing: SigningPolicy | undefined,
): GithubPublisher {
  const token = env.GITHUB_TOKEN || env.GH_TOKEN;
  if (!token) {
    throw new UsageError(`no token for github:${repository}`, {
      hint: "set GITHUB_TOKEN; in GitHub Actions give the job `permissions: contents: write`",
    });
  }
  const api = new GithubApi({
    apiUrl: githubApiUrl(env),
    repository,
    token,
    signal,
    onWait: (line) => progress.note(line),
  });
  // Nobody signs them anew each night: a date would stop machines.
  const undated = signing && { ...signing, bestBefore: undefined };
  return new GithubPublisher({ releases: new GithubReleases(api, progress), progress, signing: undated });
}

export function bakeryPublisher(
  to: string,
  { env, progress, signal }: PublishingWorld,
  { proves = true, policy }: TargetOptions & { readonly policy: SigningPolicy | undefined },
): BakeryPublisher {
  const url = bakeryUrl(to);
  const api = new BakeryApi({ url, credentials: credentialsFrom(env, url), signal });
  return new BakeryPublisher({ api, progress, signing: policy, proves, signal });
}

/** @throws UsageError */
export function bakeryUrl(to: string): string {
  const url = URL.parse(to);
  const isBakery = url !== null && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
  if (!isBakery)
    throw new UsageError(`no bakery's URL: ${to}`, {
      hint: "https://extensions.example.org, github:owner/repository, or a folder",
    });
  const isLocal = /^(?:127\.|localhost$|\[::1\]$)/.test(url.hostname);
  if (url.protocol === "http:" && !isLocal) {
    throw new UsageError(`${to} is not https`, { hint: "a token is not sent where others can read it" });
  }
  return url.href.replace(/\/+$/, "");
}

/** The key of the environment, and the keys whose signatures count beside it; undefined where nothing is signed. */
export async function signingPolicy(
  { env, cwd }: Pick<PublishingWorld, "env" | "cwd">,
  { signsAll = false, renews = false }: TargetOptions = {},
): Promise<SigningPolicy | undefined> {
  const key = await SigningKey.from(env);
  if (key === undefined) return undefined;
  const others = env.BAKERY_KEYRING ? [await readKeyring(resolve(cwd, env.BAKERY_KEYRING))] : [];
  return {
    key,
    trusted: key.keyring.with(...others),
    trustsBakery: signsAll,
    renews,
    bestBefore: bestBeforeFrom(env),
  };
}

/** @throws UsageError where there is no such file */
export async function readKeyring(path: string): Promise<Keyring> {
  const content = await readFile(path).catch((cause) => {
    throw new UsageError(`cannot read the keyring ${path}`, { details: { reason: rootMessage(cause) }, cause });
  });
  return Keyring.parse(content, path);
}
