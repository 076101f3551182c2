/** Where a transfer file leads, and how to lead it to another bakery: machines that get it ask there. */
import { formatIni, parseIni } from "./ini.ts";
import { parseTransfer } from "./transfer.ts";

/** What comes before `/extensions/<name>/` is the bakery, whose own path may have such a folder too. */
const BAKERY = /^.*(?=\/extensions\/[^/]+(?:\/|$))/;

/**
 * All else stays as it is, but for comments.
 * @param bakeryUrl `https://extensions.example.org`, with a path if need be
 * @throws InvalidInput for what is no transfer file
 */
export function readdressTransfer(text: string, bakeryUrl: string): string {
  // A percent sign would begin a specifier.
  const url = bakeryUrl.replace(/\/+$/, "").replaceAll("%", "%%");
  const sections = parseIni(text, "transfer file").map(({ name, entries }) => ({
    name,
    entries: entries.map(({ key, value }) => {
      const isAddress = name === "Source" && key === "Path";
      return { key, value: isAddress ? value.replace(BAKERY, () => url) : value };
    }),
  }));
  return formatIni(sections);
}

/**
 * The bakery that a transfer file leads to, without a slash at the end; undefined where that is no address of the web.
 * @throws InvalidInput for what is no transfer file
 */
export function bakeryOf(text: string): string | undefined {
  const url = BAKERY.exec(parseTransfer(text).source.path)?.[0].replaceAll("%%", "%");
  return url !== undefined && /^https?:\/\/[^/]/.test(url) ? url : undefined;
}
