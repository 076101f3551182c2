/** The difference between two versions of a text, as a unified diff. */
import { readFile } from "node:fs/promises";
import type { Sides } from "./compare.ts";

export type TextDiff =
  /** `--- a/…`, `+++ b/…` and what follows */
  { readonly kind: "patch"; readonly patch: string } | { readonly kind: "too-different" };

/** What is larger is no text that people would read. Bytes. */
const MAX_TEXT = 1024 ** 2;
/** Where git and diff(1) look for the NUL byte that no text has. Bytes. */
const PROBE = 8 * 1024;
const CONTEXT_LINES = 3;
/** Texts without a line in common take a time that grows with the square of their length. Milliseconds. */
const TIMEOUT = 2_000;

/** @returns undefined unless both are texts */
export async function textDiff(
  path: string,
  files: Sides<string>,
  sizes: Sides<number>,
): Promise<TextDiff | undefined> {
  if (sizes.before > MAX_TEXT || sizes.after > MAX_TEXT) return undefined;
  const [before, after] = await Promise.all([readFile(files.before), readFile(files.after)]);
  if (isBinary(before) || isBinary(after)) return undefined;
  const { createTwoFilesPatch } = await import("diff");
  const options = { context: CONTEXT_LINES, timeout: TIMEOUT };
  const names = [`a/${path}`, `b/${path}`] as const;
  const patch = createTwoFilesPatch(...names, before.toString(), after.toString(), undefined, undefined, options);
  return patch === undefined ? { kind: "too-different" } : { kind: "patch", patch: withoutRule(patch) };
}

function isBinary(content: Buffer): boolean {
  return content.subarray(0, PROBE).includes(0);
}

/** jsdiff begins with a line of `=`, which only divides patches of several files. */
function withoutRule(patch: string): string {
  return patch.replace(/^=+\n/, "");
}
