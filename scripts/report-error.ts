/** Says on stderr what went wrong in a script, as `./bakery` does. */
import { describeError } from "../builder/describe-error.ts";

export function reportError(error: unknown): void {
  process.stderr.write(describeError(error));
  process.exitCode = 1;
}
