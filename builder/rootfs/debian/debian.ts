/** A distribution's tree made of Debian's packages, without a container tool: the door to this folder. */
import { chmod, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { errorCode, ToolError, UserError } from "../../system/errors.ts";
import { formatBytes } from "../../system/format.ts";
import { OWNER, OWNER_PATTERN } from "../../system/owner.ts";
import type { Progress } from "../../system/progress.ts";
import { run } from "../../system/run.ts";
import { sweep } from "../../system/work-dir.ts";
import { findIsolation } from "../find-isolation.ts";
import { type AptOptions, planPackages } from "./apt.ts";
import { noSpace } from "./apt-errors.ts";
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
 * @throws UserError for a folder that is not empty; and what `resolveDebian` throws
 * @throws ToolError if dpkg fails, if there is no room, or, for an installed tree, if programs cannot be run in it here
 */
export async function makeDebianTree(
  spec: DebianTree,
  folder: string,
  options: MakingDebian,
): Promise<DebianPackage[]> {
  const { progress = silent, signal } = options;
  const target = resolve(folder);
  checkSpec(spec);
  await checkEmpty(target);
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
  const { arch, exclude } = spec;
  const making = { arch, exclude, signal, before: asOwner };
  await inPlaceOf(target, asOwner, async (tree) => {
    await progress.step(
      "Unpacking",
      () =>
        unpackPackages(
          spec.state === "installed" ? archives.filter(({ essential }) => essential) : archives,
          tree,
          making,
        ),
      () => "",
    );
    if (spec.state === "installed") {
      await progress.step(
        "Installing",
        () => configurePackages(archives, tree, making),
        () => "",
      );
    }
  });
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

async function checkEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error) => {
    if (errorCode(error) === "ENOENT") return [];
    if (errorCode(error) !== "ENOTDIR") throw error;
    throw new UserError(`${folder} is no folder`);
  });
  if (names.length > 0) throw new UserError(`${folder} is not empty`, { hint: "name a folder that is not there yet" });
}

/** Has a folder filled beside its place, and puts it there when that is done. */
async function inPlaceOf(folder: string, asOwner: readonly string[], fill: (partial: string) => Promise<void>) {
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true });
  const name = basename(folder);
  const pattern = new RegExp(`^\\.${RegExp.escape(name)}\\.partial-(?<owner>${OWNER_PATTERN})$`);
  const remove = async (path: string) => {
    const [program, ...args] = asOwner;
    if (program === undefined) await rm(path, { recursive: true, force: true });
    else await run(program, [...args, "rm", "-rf", path]);
  };
  await sweep(parent, pattern, remove);
  const partial = join(parent, `.${name}.partial-${OWNER}`);
  try {
    await mkdir(partial);
    await fill(partial);
    await chmod(partial, 0o755);
    await rename(partial, folder);
  } catch (error) {
    await remove(partial);
    if (errorCode(error) === "ENOSPC") throw noSpace("the tree", { tree: folder }, error);
    throw error;
  }
}
