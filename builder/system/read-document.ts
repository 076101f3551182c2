/** Reads files that the bakery has written, and that may be damaged since: an error says which file it is. */
import { readFile } from "node:fs/promises";
import { InvalidInput } from "../../schema/index.ts";
import { errorCode, UserError } from "./errors.ts";

/**
 * @returns undefined where there is no such file
 * @throws UserError naming the file and what is wrong in it
 */
export async function readDocument<T>(path: string, parse: (text: string) => T): Promise<T | undefined> {
  try {
    return parse(await readFile(path, "utf8"));
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined;
    if (!(cause instanceof InvalidInput)) throw cause;
    const hint = "mend it, or take it away; nothing was changed";
    throw new UserError(cause.message, { details: { file: path }, cause, hint });
  }
}
