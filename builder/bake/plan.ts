/** Plan: everything that an image will be made of, known before anything is fetched; it can be printed and compared. */
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { type Arch, everyVersion, type ImageFormat, type TransferRule } from "../../schema/index.ts";
import type { Extension } from "../catalog.ts";
import { type Download, type TreeEntry, tagOf } from "../recipe/index.ts";
import { sha256Of } from "../system/digest.ts";
import { errorCode, UsageError, UserError } from "../system/errors.ts";
import { type PlannedBuild, planBuilds } from "./build/plan-builds.ts";
import { bundledOf, type Chosen, contextOf, optionsOf, said } from "./context.ts";
import { checkDownloads } from "./fetch/check-downloads.ts";
import { type Keys, keysOf } from "./fetch/keys.ts";
import { formatCompression, parseCompression } from "./pack/compression.ts";
import { DEFAULT_EXT_SIZE } from "./pack/size.ts";
import { upstreamOf } from "./revision.ts";
import { type SmokeCommand, smokeCommands } from "./smoke.ts";

export interface BakeRequest {
  readonly version: string;
  readonly arch: Arch;
  /** What the extension is called: default the folder's name. */
  readonly name?: string;
  /** `ID=` of the hosts that may merge it: default `_any`. */
  readonly os?: string;
  readonly format?: ImageFormat;
  /** `name` or `name:level`; undefined: the format's default. */
  readonly compression?: string | undefined;
  /** The most that an ext2 or ext4 image may need; of no meaning to other formats. */
  readonly extFsSize?: string | undefined;
  /** Undefined: as the recipe says. */
  readonly reload?: boolean | undefined;
  /** Seconds since 1970 for all times in the image: default 0. */
  readonly epoch?: number;
  /** The versions of what the recipe bundles, as `resolveBundled` finds them. */
  readonly bundled?: Chosen;
  /** What is said of the recipe's options. */
  readonly options?: Chosen;
}

/** A file of the extension's `files/` folder. */
export interface StaticFile {
  readonly path: string;
  /** The sha256 of a file, the target of a symlink. */
  readonly content: string;
  readonly kind: "file" | "executable" | "symlink";
}

export interface Plan {
  readonly extension: string;
  readonly version: string;
  readonly arch: Arch;
  readonly os: string;
  readonly format: ImageFormat;
  /** With its level, where it has levels. */
  readonly compression: string;
  readonly extFsSize?: string;
  readonly reload: boolean;
  readonly epoch: number;
  readonly bundled: Chosen;
  readonly options: Chosen;
  readonly downloads: readonly Download[];
  readonly staticFiles: readonly StaticFile[];
  readonly tree: readonly TreeEntry[];
  readonly builds: readonly PlannedBuild[];
  readonly upholds: readonly string[];
  readonly provides: readonly string[];
  readonly setuid: readonly string[];
  readonly hostLinks: readonly string[];
  /** The keys that signatures are held against, by name: fingerprints. */
  readonly keys: Keys;
  /** What upstream calls this version. */
  readonly tag: string;
  /** Where the recipe is on this machine, with `files/` and scripts beside it; no input of the image. */
  readonly folder: string;
  readonly transfers: readonly TransferRule[];
  /** What a merge test runs; no input of the image. */
  readonly smoke: readonly SmokeCommand[];
}

/**
 * @throws UsageError for a version that the recipe's own list does not have, or a revision that it does not make
 * @throws UserError for a recipe that is wrong
 */
export async function planBake({ name, folder, recipe }: Extension, request: BakeRequest): Promise<Plan> {
  const { version, arch, os = "_any", format = "squashfs", epoch = 0 } = request;
  const upstream = upstreamOf({ name, recipe }, version);
  if (recipe.versions.kind === "fixed" && !recipe.versions.versions.includes(upstream)) {
    const known = recipe.versions.versions.join(", ");
    throw new UsageError(`${name} has no version ${upstream}`, { hint: `it has ${known}` });
  }

  const bundled = bundledOf(name, recipe, request.bundled);
  const options = optionsOf(name, recipe, request.options);
  const context = contextOf({ version: upstream, tag: tagOf(recipe.versions, upstream), arch, bundled, options });
  const downloads = recipe.downloads?.(context) ?? [];
  checkDownloads(name, downloads);
  const upholds = said(recipe.upholds, context) ?? [];
  return {
    extension: request.name ?? name,
    version,
    arch,
    os,
    format,
    compression: formatCompression(parseCompression(format, request.compression)),
    ...(isExt(format) && { extFsSize: request.extFsSize ?? DEFAULT_EXT_SIZE }),
    reload: request.reload ?? recipe.reload ?? upholds.length > 0,
    epoch,
    bundled,
    options,
    downloads,
    staticFiles: await staticFiles(join(folder, "files")),
    tree: recipe.tree?.(context) ?? [],
    builds: await planBuilds(name, folder, recipe.build?.(context) ?? []),
    upholds,
    provides: said(recipe.provides, context) ?? [],
    setuid: recipe.setuid ?? [],
    hostLinks: recipe.hostLinks ?? [],
    keys: await keysOf(folder, downloads),
    tag: context.tag,
    folder,
    transfers: recipe.transfers ?? [everyVersion()],
    smoke: smokeCommands(recipe, context),
  };
}

function isExt(format: ImageFormat): boolean {
  return format === "ext2" || format === "ext4";
}

async function staticFiles(folder: string, below = ""): Promise<StaticFile[]> {
  const found: StaticFile[] = [];
  for (const name of (await entriesOf(join(folder, below))).sort()) {
    const path = below === "" ? name : `${below}/${name}`;
    const onDisk = join(folder, path);
    const stats = await lstat(onDisk);
    if (stats.isDirectory()) found.push(...(await staticFiles(folder, path)));
    else if (stats.isSymbolicLink()) found.push({ path, kind: "symlink", content: await readlink(onDisk) });
    else if (stats.isFile()) {
      const content = sha256Of(await readFile(onDisk));
      found.push({ path, kind: stats.mode & 0o100 ? "executable" : "file", content });
    } else throw new UserError(`files/${path} is neither file, folder nor symlink`);
  }
  return found;
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
