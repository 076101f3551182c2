/** Puts the stores together, as the deployment's bindings allow. */
import type { PublicPath } from "../schema/index.ts";
import type { Clock } from "./context.ts";
import { type Config, type Env, parseConfig } from "./env.ts";
import { IndexCache } from "./index-cache.ts";
import { BuiltInStore } from "./stores/built-in-store.ts";
import { firstOf } from "./stores/first-of.ts";
import { GithubStore } from "./stores/github-store.ts";
import { R2Store } from "./stores/r2-store.ts";
import type { Store } from "./stores/store.ts";

export interface Services {
  readonly config: Config;
  /** Where each kind of file is looked for */
  readonly stores: Readonly<Record<PublicPath["kind"], Store>>;
}

/**
 * Makes the services of an `env` once in an isolate: the index cache is worth something only if it outlives a request.
 *
 * The runtime hands every request of an isolate the same `env`. A weak map on it, and no variable of the module,
 * because an isolate may live on with a new `env` after a deployment that changes bindings only, and because tests
 * have several at once: one's cache must not answer for another's bucket.
 */
export function servicesPerEnv(now: Clock): (env: Env) => Services {
  const known = new WeakMap<Env, Services>();
  return (env) => {
    const services = known.get(env) ?? createServices(env, now);
    known.set(env, services);
    return services;
  };
}

function createServices(env: Env, now: Clock): Services {
  const config = parseConfig(env);
  const { BUCKET: bucket, INDEX_KV: kv } = env;
  const r2 = bucket && new R2Store(bucket);
  const github = config.github && new GithubStore(config.github);
  const indexes = bucket && new IndexCache({ bucket, kv, ttlSeconds: config.indexTtlSeconds, now });

  return {
    config,
    stores: {
      image: firstOf(r2, github),
      transfer: firstOf(new BuiltInStore(), r2, github),
      index: firstOf(indexes, github),
      // Clients probe for signatures. A redirect to a page that is none fails their verification, a 404 does not.
      signature: firstOf(r2),
      "release-manifest": firstOf(r2),
      inventory: firstOf(r2),
    },
  };
}
