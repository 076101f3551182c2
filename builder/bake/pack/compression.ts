/** Which compressions each format has, their levels, and what is taken when nobody says. */
import type { ImageFormat } from "../../../schema/index.ts";
import { UsageError } from "../../system/errors.ts";

export interface Compression {
  readonly name: string;
  /** Undefined for those without levels. */
  readonly level: number | undefined;
}

interface Levels {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The first of each format is its default. `null` has no levels. Zstd from 13 on takes twice the time for 0.3 % of the
 * size: docs/formats.md.
 */
const COMPRESSIONS = {
  squashfs: {
    zstd: { default: 12, min: 1, max: 22 },
    gzip: { default: 9, min: 1, max: 9 },
    xz: null,
    lz4: null,
  },
  erofs: { lz4hc: { default: 12, min: 0, max: 12 }, zstd: { default: 12, min: 1, max: 22 } },
  ext4: { none: null },
  ext2: { none: null },
  btrfs: {
    zstd: { default: 3, min: 1, max: 15 },
    zlib: { default: 3, min: 1, max: 9 },
    lzo: null,
    none: null,
  },
} as const satisfies Record<ImageFormat, Record<string, Levels | null>>;

/**
 * @param text `name` or `name:level`; undefined: the format's default
 * @throws UsageError that lists what the format has
 */
export function parseCompression(format: ImageFormat, text?: string): Compression {
  const known: Record<string, Levels | null> = COMPRESSIONS[format];
  const [name = "", level, ...rest] = (text ?? Object.keys(known)[0] ?? "").split(":");
  const levels = Object.hasOwn(known, name) ? known[name] : undefined;
  if (levels === undefined || rest.length > 0) throw misuse(format, text);
  if (levels === null) {
    if (level !== undefined) throw misuse(format, text);
    return { name, level: undefined };
  }
  if (level === undefined) return { name, level: levels.default };
  const number = Number(level);
  if (!/^[0-9]{1,2}$/.test(level) || number < levels.min || number > levels.max) throw misuse(format, text);
  return { name, level: number };
}

/** As `parseCompression` reads it, its level always said. */
export function formatCompression({ name, level }: Compression): string {
  return level === undefined ? name : `${name}:${level}`;
}

/** For help and errors: `zstd:1-22, gzip:1-9, xz, lz4`. */
export function compressionsOf(format: ImageFormat): string {
  const known: Record<string, Levels | null> = COMPRESSIONS[format];
  return Object.entries(known)
    .map(([name, levels]) => (levels === null ? name : `${name}:${levels.min}-${levels.max}`))
    .join(", ");
}

function misuse(format: ImageFormat, text: string | undefined): UsageError {
  return new UsageError(`${format} has no compression ${text}`, { hint: `it has ${compressionsOf(format)}` });
}
