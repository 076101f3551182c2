/** A recipe's builds as a part of the plan: with digests in place of what is code, so that all of it can be compared. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Build, Rootfs, Script } from "../../recipe/index.ts";
import { sha256Of } from "../../system/digest.ts";
import { errorCode, UserError } from "../../system/errors.ts";

/** `source`: the sha256 of what is run, the script or the recipe; undefined where nothing is. */
export type PlannedBuild = Build & { readonly source?: string };

const PINNED = /@sha256:[0-9a-f]{64}$/;

/** @throws UserError for a build that a recipe cannot mean */
export async function planBuilds(name: string, folder: string, builds: readonly Build[]): Promise<PlannedBuild[]> {
  return Promise.all(
    builds.map(async (build): Promise<PlannedBuild> => {
      const problem = problemOf(build);
      if (problem !== undefined) throw new UserError(`the recipe of ${name} cannot be followed: ${problem}`);
      // What code calls may be anywhere in the recipe.
      const file = build.kind === "code" ? "recipe.ts" : scriptOf(build)?.file;
      return file === undefined ? build : { ...build, source: await digestBeside(folder, file, name) };
    }),
  );
}

function problemOf(build: Build): string | undefined {
  if (build.kind === "code") return undefined;
  if (build.kind !== "container" && build.paths.length === 0) return `${build.kind} takes nothing out of its tree`;
  const { rootfs } = build;
  if (rootfs.kind === "oci" && rootfs.unverified === undefined && !PINNED.test(rootfs.image)) {
    return `${rootfs.image} is not pinned: add @sha256:…, or unverified("why")`;
  }
  return undefined;
}

async function digestBeside(folder: string, file: string, name: string): Promise<string> {
  try {
    return sha256Of(await readFile(join(folder, file)));
  } catch (cause) {
    if (errorCode(cause) !== "ENOENT") throw cause;
    throw new UserError(`extensions/${name}/${file} is not there, which the recipe builds with`, { cause });
  }
}

/** What of a build is run in its tree. */
export function scriptOf(build: Build): Script | undefined {
  return build.kind === "container" || build.kind === "flix" ? build.script : undefined;
}

/** For people, and for the manifest. */
export function nameOfRootfs(rootfs: Rootfs): string {
  return rootfs.kind === "debian" ? `debian:${rootfs.suite}` : `oci:${rootfs.image}`;
}
