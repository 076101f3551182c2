/** Errors as they are told: what failed, the facts, and what to do. */
import { InvalidInput } from "../schema/index.ts";
import { BakeryError, errorCode } from "./system/errors.ts";

export function describeError(error: unknown): string {
  if (error instanceof BakeryError) {
    const width = Math.max(0, ...Object.keys(error.details).map((key) => key.length));
    const details = Object.entries(error.details).map(
      ([key, value]) => `  ${key.padEnd(width)}  ${value.replaceAll("\n", `\n${" ".repeat(width + 4)}`)}\n`,
    );
    const hint = error.hint === undefined ? "" : `hint: ${error.hint}\n`;
    return `error: ${error.message}\n${details.join("")}${hint}`;
  }
  if (error instanceof InvalidInput) return `error: ${error.message}\n`;
  // Node's own errors, as EACCES, say what and on what; anything else is ours to mend, so it shows where it was.
  if (error instanceof Error && errorCode(error) !== undefined) return `error: ${error.message}\n`;
  return `error: this is a bug in the bakery\n${error instanceof Error ? error.stack : String(error)}\n`;
}

/** As programs read it, for JSON. */
export function errorValue(error: unknown) {
  const { name: kind, message } = error instanceof Error ? error : new Error(String(error));
  const known = error instanceof BakeryError ? { details: error.details, hint: error.hint, value: error.value } : {};
  return { kind, message, ...known };
}
