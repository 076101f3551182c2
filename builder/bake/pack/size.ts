/** Sizes as truncate(1) spells them: bytes, or with K, M, G for powers of 1024. */
import { UsageError } from "../../system/errors.ts";

/** What `--ext-fs-size` is when nobody says, as the reference. */
export const DEFAULT_EXT_SIZE = "1G";

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
/** Less has no room for the file system itself. */
const LEAST = 2 ** 20;

/** @throws UsageError */
export function parseSize(text: string): number {
  const { number, unit = "" } = /^(?<number>[0-9]{1,12})(?<unit>[KMGT]?)$/.exec(text)?.groups ?? {};
  const bytes = Number(number) * (UNITS[unit] ?? 1);
  if (number === undefined || bytes < LEAST || bytes > 16 * 2 ** 40) {
    throw new UsageError(`no size for a file system: ${text}`, { hint: "1M or more, such as 512M or 2G" });
  }
  return bytes;
}
