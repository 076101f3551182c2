/** Asks systemd itself what it thinks of unit files: `systemd-analyze verify`, which knows of them and no other units. */
import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode, ToolError } from "../../system/errors.ts";
import { withWorkDir } from "../../system/work-dir.ts";

export interface UnitFiles {
  readonly scope: "system" | "user";
  /** Folders that the manager looks in, the first one first. */
  readonly folders: readonly string[];
  /** By path: units and their drop-ins. */
  readonly texts: ReadonlyMap<string, string>;
  /** By path: other names of units, and the paths in `texts` that they lead to. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Paths in `texts` of those to verify. */
  readonly units: readonly string[];
}

/** Milliseconds; it takes a few dozen. */
const TIMEOUT = 60_000;
/** It could not begin: nothing was said of the units. */
const NOT_BEGUN = /^Failed to (?:initialize|startup|start|lookup|allocate|create manager)/m;

/**
 * @returns the lines in which it complains, paths as they are in `texts`
 * @throws ToolError if it is not installed or does not work here
 */
export async function verifyUnits({ scope, folders, texts, aliases, units }: UnitFiles): Promise<string[]> {
  if (units.length === 0) return [];
  return withWorkDir(async (work) => {
    for (const [path, text] of texts) await put(join(work, path), (file) => writeFile(file, text));
    for (const [path, to] of aliases) await put(join(work, path), (file) => symlink(join(work, to), file));
    // A full unit path: what this machine has installed must not decide. Recursion would miss the host's own units.
    const env = { SYSTEMD_UNIT_PATH: folders.map((folder) => join(work, folder)).join(":"), XDG_RUNTIME_DIR: work };
    const files = units.map((path) => join(work, path));
    const said = await analyze([`--${scope}`, "--man=no", "--recursive-errors=no", "verify", ...files], env);
    return [...new Set(said.split("\n").map((line) => line.replaceAll(`${work}/`, "").trim()))].filter(Boolean);
  });
}

async function put(file: string, write: (file: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await write(file);
}

/** Not `run`: to find fault is its work, all it says counts, and its exit code does not say whose fault it is. */
async function analyze(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { env: { ...process.env, LC_ALL: "C", ...env }, timeout: TIMEOUT, maxBuffer: 16 * 1024 ** 2 };
  execFile("systemd-analyze", args, options, (error, _, stderr) => {
    if (error === null) return resolve(stderr);
    if (errorCode(error) === "ENOENT") {
      const hint = "install Debian's package systemd, or what has it elsewhere: it verifies unit files";
      return reject(new ToolError("systemd-analyze is not installed", { hint, cause: error }));
    }
    if (typeof error.code === "number" && stderr.trim() !== "" && !NOT_BEGUN.test(stderr)) return resolve(stderr);
    reject(
      new ToolError("systemd-analyze cannot verify units here", { details: { output: stderr.trim() }, cause: error }),
    );
  });
  return promise;
}
