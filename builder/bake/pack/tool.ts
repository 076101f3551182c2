/** The programs that make images: their versions by their own word, and what to install where one is missing or old. */
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ToolError } from "../../system/errors.ts";
import { startError } from "../../system/run.ts";

export interface Tool {
  readonly command: string;
  /** What makes it print its version; whether it thinks that a success does not matter. */
  readonly versionArgs: readonly string[];
  /** With a group `version`. */
  readonly pattern: RegExp;
  /** Debian's package that has it. */
  readonly package: string;
}

export interface Needed {
  readonly version: string;
  /** What the version brings. */
  readonly for: string;
  /** What does without. */
  readonly instead: string;
}

/** Administrators' programs are not on everybody's PATH. */
export function toolPath(): string {
  return `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;
}

/** @throws ToolError that names the package, and the version where it matters */
export async function versionOf(tool: Tool, needed?: Needed): Promise<string> {
  const said = await saidBy(tool, needed);
  const version = tool.pattern.exec(said)?.groups?.version;
  if (version === undefined) throw new ToolError(`${tool.command} does not say its version`, { details: { said } });
  if (needed !== undefined && isOlder(version, needed.version)) {
    throw new ToolError(`${tool.command} ${version} is too old for ${needed.for}`, {
      details: { needs: `${tool.package} ${needed.version} or later` },
      hint: `install a newer ${tool.package}, or ${needed.instead}`,
    });
  }
  return version;
}

/** What programs have said, by which file said it: whoever bakes many images asks for each of them. */
const SAID = new Map<string, string>();

async function saidBy(tool: Tool, needed?: Needed): Promise<string> {
  const program = await identityOf(tool.command);
  const known = program === undefined ? undefined : SAID.get(program);
  if (known !== undefined) return known;
  const said = await outputOf(tool, needed);
  if (program !== undefined) SAID.set(program, said);
  return said;
}

/** The file that would be run: another one by its path, or by what an upgrade changes of it. Undefined: there is none. */
async function identityOf(command: string): Promise<string | undefined> {
  for (const folder of toolPath().split(":")) {
    const path = join(folder, command);
    const file = await stat(path).catch(() => undefined);
    if (file?.isFile() && (file.mode & 0o111) !== 0) return `${path} ${file.ino} ${file.size} ${file.mtimeMs}`;
  }
  return undefined;
}

/** Both streams: half of these programs print their version on stderr, and some exit with 1 after it. */
async function outputOf({ command, versionArgs, package: name }: Tool, needed?: Needed): Promise<string> {
  const env = { ...process.env, LC_ALL: "C", PATH: toolPath() };
  const version = needed === undefined ? "" : ` (${needed.version} or later)`;
  return new Promise((resolve, reject) => {
    execFile(command, versionArgs, { env }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code === "string") reject(startError(command, error, `${name}${version}`));
      else resolve(`${stdout}${stderr}`);
    });
  });
}

function isOlder(version: string, than: string): boolean {
  const [mine, theirs] = [version, than].map((text) => text.split(".").map(Number));
  for (let at = 0; at < (theirs?.length ?? 0); at++) {
    const difference = (mine?.[at] ?? 0) - (theirs?.[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
