/** Scripts among what is copied: whether the image has what runs them. */

import type { CopiedFile } from "./copy-paths.ts";
import { readHead } from "./elf-dynamic.ts";
import type { OutputTree } from "./output-tree.ts";
import type { Tree } from "./tree.ts";

/** As much as the kernel reads of a script: execve(2). Bytes. */
const FIRST_LINE = 256;
/** Every host has it. */
const SHELL = /^(?:\/usr)?\/bin\/sh$/;
const ENV = /^(?:\/usr)?\/bin\/env$/;

/** @returns a warning for each program that a script wants and the image has not */
export async function missingInterpreters(
  tree: Tree,
  output: OutputTree,
  files: readonly CopiedFile[],
): Promise<string[]> {
  const warnings: string[] = [];
  for (const { entry, to } of files) {
    if ((entry.stats.mode & 0o111) === 0) continue;
    const line = (await readHead(tree.onDisk(entry.path), FIRST_LINE)).toString("latin1").split("\n", 1)[0] ?? "";
    const [program = "", argument] = /^#!\s*(?<words>\S.*)$/.exec(line)?.groups?.words?.trim().split(/\s+/) ?? [];
    if (program === "" || SHELL.test(program)) continue;
    const wanted =
      ENV.test(program) && argument !== undefined && !argument.startsWith("-") ? `/usr/bin/${argument}` : program;
    const places = [wanted.slice(1), `usr${wanted}`];
    if (places.some((place) => output.has(place))) continue;
    warnings.push(`/${to} is a script for ${wanted}, which is not in the image: it must be on the host`);
  }
  return warnings;
}
