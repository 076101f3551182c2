/**
 * Flix: copies programs of a distribution's tree together with their loader and libraries, and patches them so that
 * they find exactly those, on any host. Nothing of the tree is run, and nothing in it is changed.
 */
import { ARCHES, type Arch } from "../../schema/index.ts";
import { runsOn } from "../image/elf.ts";
import { UserError } from "../system/errors.ts";
import type { Copied } from "./copied.ts";
import { type CopiedFile, PathCopier } from "./copy-paths.ts";
import { type ElfFile, readElfFile } from "./elf-dynamic.ts";
import { homeOf, isWithin, parseEntryPaths, warningsOf } from "./entry-paths.ts";
import { checkArch } from "./loader.ts";
import { OutputTree } from "./output-tree.ts";
import { relink } from "./relink.ts";
import { missingInterpreters } from "./scripts.ts";
import { Tree } from "./tree.ts";

export interface FlixRequest {
  /** The root of a distribution's tree. */
  readonly tree: string;
  /** What libraries go below: `/usr/local/<name>`. */
  readonly name: string;
  /** `/usr/bin/tool`, or `/bin/tool:/usr/bin/tool`; folders come with what is in them. */
  readonly paths: readonly string[];
  /** What is loaded by name while programs run, as plugins of the C library are: paths in the tree, or names. */
  readonly extraLibraries?: readonly string[];
  /** Default: the first program's. */
  readonly arch?: Arch | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Flixed {
  /** Undefined where no machine code was copied. */
  readonly arch?: Arch;
  /** What was copied beside what came with folders, from where and why, in order. */
  readonly copied: readonly Copied[];
  readonly warnings: readonly string[];
}

/** A copied file that is machine code. */
export interface Binary extends CopiedFile {
  readonly elf: ElfFile;
}

/** Is for other processors than the one that loads it. */
const FIRMWARE = "usr/lib/firmware";

/**
 * @param output a folder that is not there yet, or empty; what is in it after a failure is the caller's to remove
 * @throws UsageError for paths and names that cannot be
 * @throws UserError for what is not in the tree, or not of the arch
 * @throws ToolError if patchelf is missing, too old or fails
 */
export async function flix(request: FlixRequest, output: string): Promise<Flixed> {
  const { name, signal, extraLibraries = [] } = request;
  const home = homeOf(name);
  const entries = parseEntryPaths(request.paths, name);
  const tree = await Tree.open(request.tree);
  const written = await OutputTree.create(output);
  const copier = new PathCopier(tree, written, entries, signal);
  await copier.copyAll();

  const binaries = await binariesOf(tree, copier.files);
  const arch = request.arch ?? binaries.map(({ elf }) => archOf(elf)).find((one) => one !== undefined);
  const warnings = [
    ...warningsOf(entries),
    ...copier.warnings,
    ...(await missingInterpreters(tree, written, copier.files)),
  ];
  const copied = [...copier.copied];
  if (arch !== undefined) {
    for (const { elf, entry } of binaries) checkArch(elf, `/${entry.path}`, arch);
    const { places } = copier;
    const relinked = await relink({ tree, output: written, home, places, binaries, extraLibraries, arch, signal });
    copied.push(...relinked.copied);
    warnings.push(...relinked.warnings);
  } else if (extraLibraries.length > 0) {
    throw new UserError("there is no program that could load extra libraries", {
      hint: "say --arch, or leave them out",
    });
  }
  await written.finish();
  return { ...(arch !== undefined && { arch }), copied, warnings: [...new Set(warnings)] };
}

async function binariesOf(tree: Tree, files: readonly CopiedFile[]): Promise<Binary[]> {
  const found: Binary[] = [];
  for (const file of files) {
    if (isWithin(file.to, FIRMWARE)) continue;
    const elf = await readElfFile(tree.onDisk(file.entry.path), `/${file.entry.path}`);
    if (elf !== undefined) found.push({ ...file, elf });
  }
  return found;
}

/** Undefined for what runs everywhere, and for what is for no machine of ours. */
function archOf(elf: ElfFile): Arch | undefined {
  const arches = ARCHES.filter((arch) => runsOn(elf, arch));
  return arches.length === 1 ? arches[0] : undefined;
}
