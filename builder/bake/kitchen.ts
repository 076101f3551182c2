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
  const downloads = downloadCacheFrom(env, offline === undefined ? {} : { offline });
  const told = progress ?? progressOn({ write: () => {} });
  const fetchers = {
    upstreams: upstreamsFrom(env, { cache: downloads.folder, offline: downloads.offline, progress: told, signal }),
    downloads,
    progress: told,
    signal,
  };
  return { ...fetchers, rootfs: rootfsMaker(env, fetchers), env };
}
