/** Trees of distributions, whichever way they come: what they consist of is known before they are made. */

import type { Arch, DownloadRecord } from "../../schema/index.ts";
import type { Kitchen } from "../bake/bake.ts";
import type { Rootfs } from "../recipe/index.ts";
import { debianRootfs } from "./debian-rootfs.ts";
import { ociRootfs } from "./oci-rootfs.ts";

/** A tree that can be made, of exactly this. */
export interface ResolvedRootfs {
  /** Equal means the same tree. */
  readonly identity: string;
  readonly downloads: readonly DownloadRecord[];
  /** What programs in it are to be run with, as it says itself: PATH, or where a compiler has its files. */
  readonly env: Readonly<Record<string, string>>;
  /** @param folder where the tree goes: it is not there yet */
  make(folder: string, signal?: AbortSignal): Promise<void>;
  /** Puts what it is made of into another cache, so that it can be made from there without a network. */
  copyTo(cache: string): Promise<void>;
}

export interface RootfsUse {
  readonly arch: Arch;
  /** Whether programs of the tree are to run in it, or it is only looked into. */
  readonly runs: boolean;
}

export interface RootfsMaker {
  resolve(rootfs: Rootfs, use: RootfsUse): Promise<ResolvedRootfs>;
}

/** What is asked twice, for two builds or before and while baking, is answered as the first time. */
export function rootfsMaker(
  env: NodeJS.ProcessEnv,
  kitchen: Pick<Kitchen, "upstreams" | "downloads" | "progress" | "signal">,
): RootfsMaker {
  const known = new Map<string, Promise<ResolvedRootfs>>();
  return {
    resolve(rootfs, use) {
      const key = JSON.stringify([rootfs, use]);
      const resolved = known.get(key) ?? resolveOnce(rootfs, use);
      known.set(key, resolved);
      return resolved;
    },
  };

  async function resolveOnce(rootfs: Rootfs, use: RootfsUse): Promise<ResolvedRootfs> {
    if (rootfs.kind === "oci") return ociRootfs(rootfs, use.arch, kitchen, env);
    const { progress, signal, downloads } = kitchen;
    return debianRootfs(rootfs, use, { cache: downloads.folder, env, progress, signal, offline: downloads.offline });
  }
}
