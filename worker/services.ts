/** Puts the stores together, as the deployment's bindings allow. */
import { parseReleaseName } from "../schema/index.ts";
import { parseAuthConfig } from "./auth/auth-config.ts";
import { Authenticator } from "./auth/authenticator.ts";
import type { Clock } from "./context.ts";
import { type Config, type Env, parseConfig } from "./env.ts";
import { UpstreamError } from "./errors.ts";
import { GithubOrigin } from "./indexes/github-origin.ts";
import { IndexCache } from "./indexes/index-cache.ts";
import { IndexFiles } from "./indexes/index-files.ts";
import { KvCopies } from "./indexes/kv-copies.ts";
import { firstOrigin } from "./indexes/origin.ts";
import { R2Origin } from "./indexes/r2-origin.ts";
import type { Fetch } from "./outgoing.ts";
import type { VerifySignature } from "./publishing/index-signatures.ts";
import { PublishedReleases } from "./publishing/published-releases.ts";
import { createPublishing, type Publishing } from "./publishing/publishing.ts";
import { ReadinessProbe, reportMissingBindings } from "./readiness.ts";
import { keyringStore, parseSigningKeyring } from "./signing/keyring-store.ts";
import { BuiltInStore } from "./stores/built-in-store.ts";
import { firstOf } from "./stores/first-of.ts";
import { GithubStore } from "./stores/github-store.ts";
import { R2Store } from "./stores/r2-store.ts";
import type { Store } from "./stores/store.ts";
import { PATIENCE, type Patience } from "./time-limit.ts";
import { Webhook } from "./webhook/webhook.ts";
import { parseWebhookConfig } from "./webhook/webhook-config.ts";

export interface Services {
  readonly config: Config;
  readonly indexes: IndexFiles;
  readonly indexCache: IndexCache;
  /** Where each kind of stored file is looked for */
  readonly stores: Readonly<Record<StoredKind, Store>>;
  readonly readiness: ReadinessProbe;
  /**
   * Undefined where nobody may publish.
   * @throws Error for settings that are wrong; serving does without them
   */
  publishing(): Publishing | undefined;
}

export type StoredKind =
  | "image"
  | "transfer"
  | "release-manifest"
  | "inventory"
  | "build-log"
  | "extension-profile"
  | "release-contents"
  | "keyring";

/** What tests have their own of. */
export interface Surroundings {
  readonly now: Clock;
  readonly patience: Patience;
  readonly fetch: Fetch;
}

export const SURROUNDINGS: Surroundings = {
  now: Date.now,
  patience: PATIENCE,
  fetch: (url, init) => fetch(url, init),
};

/**
 * Makes the services of an `env` once in an isolate: the index cache is worth something only if it outlives a request.
 *
 * The runtime hands every request of an isolate the same `env`. A weak map on it, and no variable of the module,
 * because an isolate may live on with a new `env` after a deployment that changes bindings only, and because tests
 * have several at once: one's cache must not answer for another's bucket.
 */
export function servicesPerEnv(surroundings: Surroundings): (env: Env) => Services {
  const known = new WeakMap<Env, Services>();
  return (env) => {
    const services = known.get(env) ?? createServices(env, surroundings);
    known.set(env, services);
    return services;
  };
}

function createServices(env: Env, { now, patience, fetch }: Surroundings): Services {
  const config = parseConfig(env);
  const { BUCKET: bucket, INDEX_KV: kv } = env;
  const r2 = bucket && new PublishedReleases(new R2Store(bucket, patience.r2));
  const github = config.github && new GithubStore(config.github);

  const origin = firstOrigin(
    bucket && new R2Origin(bucket, patience.r2),
    config.github && new GithubOrigin(config.github, { patience: patience.github, now, fetch }),
  );
  const copies = kv && new KvCopies({ kv, patience: patience.kv, now });
  const indexCache = new IndexCache({ origin, copies, ttlSeconds: config.indexTtlSeconds, now });
  const indexes = new IndexFiles({ cache: indexCache, github, now });

  const files = r2 && github ? orGithubs(r2, github, indexCache) : firstOf(r2, github);
  let publishing: Publishing | undefined;
  reportMissingBindings(env, now);
  return {
    publishing() {
      publishing ??= bucket && setUpPublishing(bucket, { env, config, indexCache, now, patience, fetch });
      return publishing;
    },
    config,
    indexes,
    indexCache,
    readiness: new ReadinessProbe({ env, config, indexes, patience, now, fetch }),
    stores: {
      image: files,
      transfer: firstOf(new BuiltInStore(), files),
      "release-manifest": firstOf(r2),
      inventory: firstOf(r2),
      "build-log": firstOf(r2),
      "extension-profile": firstOf(r2),
      "release-contents": firstOf(r2),
      keyring: keyringStore(config.signingKeyring),
    },
  };
}

/**
 * Asks GitHub where the bucket has no such file. Where the bucket fails, that is not known: it may have the file, and
 * GitHub's may have other bytes. But of an extension whose index is known to be GitHub's, the files are GitHub's too.
 */
function orGithubs(r2: Store, github: Store, indexCache: IndexCache): Store {
  return {
    async open(at, request) {
      try {
        return (await r2.open(at, request)) ?? (await github.open(at, request));
      } catch (error) {
        const extension = parseReleaseName(at.release)?.extension ?? at.release;
        const index = await indexCache.find(extension, request.waitUntil).catch(() => undefined);
        if (!(error instanceof UpstreamError) || index?.copy.validator.origin !== "github") throw error;
        return github.open(at, request);
      }
    },
  };
}

interface PublishingContext extends Surroundings {
  readonly env: Env;
  readonly config: Config;
  readonly indexCache: IndexCache;
}

function setUpPublishing(bucket: R2Bucket, context: PublishingContext): Publishing | undefined {
  const { env, config, indexCache, now, patience, fetch } = context;
  const auth = parseAuthConfig(env);
  if (auth === undefined) return undefined;
  const authenticator = new Authenticator(auth, { now, fetch, patience: patience.github });
  const { signingKeyring } = config;
  const verify: VerifySignature | undefined =
    signingKeyring === undefined
      ? undefined
      : async (data, signature) => (await parseSigningKeyring(signingKeyring)).verify(data, signature, now());
  const receiver = parseWebhookConfig(env);
  const webhook = receiver && new Webhook(receiver, { fetch, patience: patience.webhook, now });
  return createPublishing({ bucket, patience, config, authenticator, indexCache, verify, webhook, now });
}
