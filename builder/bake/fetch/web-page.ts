/** Web pages in place of files: what servers send that have moved, and networks that want a login, with status 200. */
import type { ErrorOptions } from "../../system/errors.ts";
import { WrongContentError } from "../../system/errors.ts";

/** What may come before a page's first words is passed over: a mark of UTF-8, blanks, comments. */
const PAGE = /^(?:\ufeff|\s|<!--.*?-->|<\?xml[^>]*>)*<(?:!doctype\s+html|html|head)\b/is;
/** Bytes of a file that show it. */
const HEAD_LENGTH = 1024;

export function isWebPage(bytes: Uint8Array): boolean {
  return PAGE.test(Buffer.from(bytes.subarray(0, HEAD_LENGTH)).toString("utf8"));
}

/** @param what `the checksum file`, or a file's name */
export function webPageInstead(what: string, details: ErrorOptions["details"] = {}): WrongContentError {
  return new WrongContentError(`upstream has sent a web page instead of ${what}`, {
    details,
    hint: "open the URL in a browser: upstream may have moved the file, or your network asks for a login",
  });
}
