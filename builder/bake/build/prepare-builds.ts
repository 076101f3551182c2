/** What is to be known of builds before they begin: which trees they work with, and which programs make the result. */
import type { ResolvedRootfs, RootfsMaker } from "../../rootfs/rootfs-maker.ts";
import { patchelfVersion } from "../../wrap/patchelf.ts";
import type { Plan } from "../plan.ts";
import { type PlannedBuild, scriptOf } from "./plan-builds.ts";

export interface PreparedBuild {
  readonly build: PlannedBuild;
  /** Of all but `code`. */
  readonly root?: ResolvedRootfs;
  /** Programs of this machine that have a say in the result, with their versions. */
  readonly tools: Readonly<Record<string, string>>;
}

export async function prepareBuilds({ builds, arch }: Plan, rootfs: RootfsMaker): Promise<PreparedBuild[]> {
  return Promise.all(
    builds.map(async (build): Promise<PreparedBuild> => {
      if (build.kind === "code") return { build, tools: {} };
      const [root, patchelf] = await Promise.all([
        rootfs.resolve(build.rootfs, { arch, runs: scriptOf(build) !== undefined }),
        build.kind === "flix" ? patchelfVersion() : undefined,
      ]);
      return { build, root, tools: patchelf === undefined ? {} : { patchelf } };
    }),
  );
}
