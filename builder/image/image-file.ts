/** An image as a file on this machine, and the programs that are run on it. */
import { type Tool, toolPath, versionOf } from "../bake/pack/tool.ts";
import { ToolError, UserError } from "../system/errors.ts";
import { escapeControls } from "../system/format.ts";
import { type RunOptions, run } from "../system/run.ts";
import type { Superblock } from "./format.ts";

export interface ImageFile {
  /** What messages call it: as it was given. */
  readonly name: string;
  /** A path without anything that one of the programs would take for something else, as e2fsprogs do a `?`. */
  readonly path: string;
  readonly superblock: Superblock;
}

/** @throws ToolError that names the package */
export async function need(...tools: readonly Tool[]): Promise<void> {
  for (const tool of tools) await versionOf(tool);
}

/**
 * @param finds what it means that the program fails; default: what it says itself
 * @throws UserError if the program refuses the image
 */
export async function runOn(
  image: ImageFile,
  command: string,
  args: readonly string[],
  options: RunOptions,
  finds?: string,
): Promise<string> {
  try {
    return await run(command, args, { ...options, env: { PATH: toolPath(), TZ: "UTC" } });
  } catch (cause) {
    // One with a hint is about the machine: a full disk, a program that is missing.
    if (!(cause instanceof ToolError) || cause.hint !== undefined) throw cause;
    throw damaged(image, finds ?? `${cause.message}\n${cause.details.output ?? ""}`.trimEnd(), cause);
  }
}

/** @param found what a program says, or what we see; names in it are the image's */
export function damaged({ name, superblock }: ImageFile, found: string, cause?: unknown): UserError {
  return new UserError(`${name} is damaged, or no image that a host could mount`, {
    details: { format: superblock.format, found: found.split("\n").map(escapeControls).join("\n") },
    hint: "get it again, and hold its sha256 against the one that its index has",
    cause,
  });
}
