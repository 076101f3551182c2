/** What the release manifest says of builds. */
import type { BuildRecord, DownloadRecord } from "../../../schema/index.ts";
import { nameOfRootfs, scriptOf } from "./plan-builds.ts";
import type { PreparedBuild } from "./prepare-builds.ts";

export function recordsOfBuilds(builds: readonly PreparedBuild[]): {
  readonly builds: BuildRecord[];
  readonly downloads: DownloadRecord[];
} {
  const downloads = builds.flatMap(({ root }) => root?.downloads ?? []);
  return {
    builds: builds.map(({ build }) => {
      if (build.kind === "code") return { kind: build.kind };
      const network = scriptOf(build)?.network;
      return { kind: build.kind, from: nameOfRootfs(build.rootfs), ...(network !== undefined && { network }) };
    }),
    // Two builds may take of the same tree.
    downloads: [...new Map(downloads.map((one) => [one.url, one])).values()],
  };
}
