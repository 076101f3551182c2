/** A distribution's tree made of Debian's packages, without a container tool: the door to this folder. */
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ToolError } from "../../system/errors.ts";
import { formatBytes } from "../../system/format.ts";
import type { Progress } from "../../system/progress.ts";
import { stageFolder } from "../../system/staged-folder.ts";
import { findIsolation } from "../find-isolation.ts";
import { removeTree } from "../remove-tree.ts";
import { type AptOptions, planPackages } from "./apt.ts";
import { configurePackages } from "./configure.ts";
import { fetchPackages } from "./fetch-packages.ts";
import { checkSpec, type DebianPackage, type DebianTree } from "./spec.ts";
import { unpackPackages } from "./unpack.ts";

export type { DebianPackage, DebianTree } from "./spec.ts";

export interface MakingDebian extends AptOptions {
  readonly progress?: Progress | undefined;
  /** What `resolveDebian` has found for the same tree; default: it is asked now. */
  readonly packages?: readonly DebianPackage[];
}

/**
 * What apt would install, by name: exact versions, with the digests that the archive's signature vouches for. Nothing is
 * fetched but the archive's lists.
 * @throws UserError for a suite's name, package, version or pattern that is none, or that the archive does not have
 * @throws UpstreamError for an archive that does not answer, or that is not signed as it should be
 */
export async function resolveDebian(spec: DebianTree, options: AptOptions): Promise<DebianPackage[]> {
  checkSpec(spec);
  return planPackages(spec, options);
}

/**
 * Makes a tree, which is there at once and whole or not at all.
 *
 * Its files belong to root where we are root; else those of an unpacked tree to the user, and those of an installed one
 * to the ids that /etc/subuid gives the user, which `unshare --user --map-root-user --map-auto` makes root and others.
 * @param folder is not there yet, or empty
 * @returns the packages that it is made of
 * @throws UsageError for a folder that is not empty; and what `resolveDebian` throws
 * @throws ToolError if dpkg fails, if there is no room, or, for an installed tree, if programs cannot be run in it here
 */
export async function makeDebianTree(
  spec: DebianTree,
  folder: string,
  options: MakingDebian,
): Promise<DebianPackage[]> {
  checkSpec(spec);
  const make = async (staging: string) => {
    const path = join(staging, "tree");
    return { path, result: await fill(path, spec, options) };
  };
  return stageFolder(folder, make, { remove: removeTree });
}

/** @param tree is not there yet */
async function fill(tree: string, spec: DebianTree, options: MakingDebian): Promise<DebianPackage[]> {
  const { progress = silent, signal } = options;
  const asOwner = spec.state === "installed" ? await ownersOfInstalled(spec, signal) : [];
  const packages = [
    ...(options.packages ??
      (await progress.step(
        `Resolving ${spec.suite}`,
        () => planPackages(spec, options),
        (found) => `${found.length} packages`,
      ))),
  ];
  const archives = await progress.step(
    `Fetching ${packages.length} packages`,
    () => fetchPackages(packages, options),
    () => formatBytes(packages.reduce((total, { size }) => total + size, 0)),
  );
  await mkdir(tree);
  const { arch, exclude } = spec;
  const making = { arch, exclude, signal, before: asOwner };
  const unpacked = spec.state === "installed" ? archives.filter(({ essential }) => essential) : archives;
  await progress.step(
    "Unpacking",
    () => unpackPackages(unpacked, tree, making),
    () => "",
  );
  if (spec.state === "installed") {
    await progress.step(
      "Installing",
      () => configurePackages(archives, tree, making),
      () => "",
    );
  }
  await chmod(tree, 0o755);
  return packages;
}

const silent: Pick<Progress, "step"> = { step: (_, perform) => perform() };

/** What makes us the owner of what an installed tree has. */
async function ownersOfInstalled({ arch }: DebianTree, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const { asOwner } = await findIsolation({ arch, signal });
  if (asOwner !== undefined) return asOwner;
  throw new ToolError("an installed tree has several users, and you are one", {
    hint: "run it as root; or install Debian's package uidmap and have root give you ids: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER",
  });
}
