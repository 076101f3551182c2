/** Leads a transfer file to another bakery: machines that get it ask there. */
import { formatIni, parseIni } from "./ini.ts";

/** What comes before `/extensions/` is the bakery. */
const BAKERY = /^.*?(?=\/extensions\/)/;

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
