/** What bakes are done with, as the environment says. */
import { rootfsMaker } from "../rootfs/rootfs-maker.ts";
import { type Progress, progressOn } from "../system/progress.ts";
import { upstreamsFrom } from "../versions/upstreams.ts";
import type { Kitchen } from "./bake.ts";
import { type CacheOptions, downloadCacheFrom } from "./fetch/cache.ts";

export interface KitchenOptions extends CacheOptions {
  /** Default: nothing is told. */
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** @param env what `upstreamsFrom` reads, and `BAKERY_CACHE` */
export function kitchenFrom(env: NodeJS.ProcessEnv, { progress, signal, offline }: KitchenOptions = {}): Kitchen {
  const fetchers = {
    upstreams: upstreamsFrom(env, { signal }),
    downloads: downloadCacheFrom(env, offline === undefined ? {} : { offline }),
    progress: progress ?? progressOn({ write: () => {} }),
    signal,
  };
  return { ...fetchers, rootfs: rootfsMaker(env, fetchers), env };
}
