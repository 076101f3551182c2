/** Tells programs and libraries where theirs are now, with patchelf, and looks whether they say so afterwards. */
import { type Tool, versionOf } from "../bake/pack/tool.ts";
import { ToolError } from "../system/errors.ts";
import { run } from "../system/run.ts";
import { readElfFile } from "./elf-dynamic.ts";

const PATCHELF: Tool = {
  command: "patchelf",
  versionArgs: ["--version"],
  pattern: /patchelf (?<version>[0-9.]+)/,
  package: "patchelf",
};

export interface Patch {
  /** For errors. */
  readonly path: string;
  /** Undefined: it has none, and needs none. */
  readonly interpreter?: string;
  /** Absolute, in the order in which they are searched. */
  readonly rpath: readonly string[];
}

/** @throws ToolError if it is missing, or older than what is known to leave programs whole */
export async function patchelfVersion(): Promise<string> {
  return versionOf(PATCHELF, {
    version: "0.14",
    for: "programs as they are linked today",
    instead: "flatwrap the programs",
  });
}

/** @param file where it is on disk */
export async function patch(file: string, { path, interpreter, rpath }: Patch, signal?: AbortSignal): Promise<void> {
  // The loader's own folders are the host's too. In a run of its own: 0.14.3 forgets it beside other changes.
  await run("patchelf", ["--no-default-lib", file], { signal, package: "patchelf" });
  const start = interpreter === undefined ? [] : ["--set-interpreter", interpreter];
  // DT_RPATH, for it is searched before LD_LIBRARY_PATH, which is about the host's libraries.
  const args = [...start, "--force-rpath", "--set-rpath", rpath.join(":"), file];
  await run("patchelf", args, { signal, package: "patchelf" });
  const now = await readElfFile(file, path);
  const { rpath: found = [], runpath = [], noDefaultFolders = false } = now?.dynamic ?? {};
  const isDone = found.join(":") === rpath.join(":") && runpath.length === 0 && noDefaultFolders;
  if (!isDone || now?.interpreter !== interpreter) {
    throw new ToolError(`patchelf did not do to ${path} what it was told`, {
      details: { interpreter: now?.interpreter ?? "none", rpath: found.join(":"), runpath: runpath.join(":") },
      hint: "flatwrap the program instead, which changes no file",
    });
  }
}
