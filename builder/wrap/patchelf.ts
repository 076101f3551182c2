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
  /** Where it is on disk. */
  readonly file: string;
  /** For errors. */
  readonly path: string;
  /** Undefined: it has none, and needs none. */
  readonly interpreter?: string;
  /** Absolute, in the order in which they are searched. */
  readonly rpath: readonly string[];
}

/** Files that one run of patchelf is given: it takes a few milliseconds to start, and programs have modules by the hundred. */
const AT_ONCE = 64;

/** @throws ToolError if it is missing, or older than what is known to leave programs whole */
export async function patchelfVersion(): Promise<string> {
  const needed = { version: "0.14", for: "programs as they are linked today", instead: "flatwrap the programs" };
  return versionOf(PATCHELF, needed);
}

/** In their order, and with the same arguments each time: the same files come out. */
export async function patchAll(patches: readonly Patch[], signal?: AbortSignal): Promise<void> {
  if (patches.length === 0) return;
  await patchelfVersion();
  // The loader's own folders are the host's too. In a run of its own: 0.14.3 forgets it beside other changes.
  await patchelf(["--no-default-lib"], patches, signal);
  // DT_RPATH, for it is searched before LD_LIBRARY_PATH, which is about the host's libraries.
  const groups = Map.groupBy(patches, ({ interpreter, rpath }) => {
    const start = interpreter === undefined ? [] : ["--set-interpreter", interpreter];
    return JSON.stringify([...start, "--force-rpath", "--set-rpath", rpath.join(":")]);
  });
  for (const [args, group] of groups) await patchelf(JSON.parse(args) as string[], group, signal);
  for (const one of patches) await checkPatched(one);
}

async function patchelf(args: readonly string[], patches: readonly Patch[], signal?: AbortSignal): Promise<void> {
  for (let at = 0; at < patches.length; at += AT_ONCE) {
    const files = patches.slice(at, at + AT_ONCE).map(({ file }) => file);
    await run("patchelf", [...args, ...files], { signal, package: "patchelf" });
  }
}

async function checkPatched({ file, path, interpreter, rpath }: Patch): Promise<void> {
  const now = await readElfFile(file, path);
  const { rpath: found = [], runpath = [], noDefaultFolders = false } = now?.dynamic ?? {};
  const isDone = found.join(":") === rpath.join(":") && runpath.length === 0 && noDefaultFolders;
  if (isDone && now?.interpreter === interpreter) return;
  throw new ToolError(`patchelf did not do to ${path} what it was told`, {
    details: { interpreter: now?.interpreter ?? "none", rpath: found.join(":"), runpath: runpath.join(":") },
    hint: "flatwrap the program instead, which changes no file",
  });
}
