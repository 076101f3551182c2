/** Parsers of option values that several commands share. */
import { InvalidArgumentError } from "commander";
import {
  ARCHES,
  type Arch,
  checkExtensionName,
  checkVersion,
  IMAGE_FORMATS,
  InvalidInput,
  isArch,
} from "../../schema/index.ts";
import { CHECKS } from "../bake/checks/check.ts";
import type { Allowances } from "../bake/checks/finding.ts";
import { compressionsOf } from "../bake/pack/compression.ts";
import { parseSize } from "../bake/pack/size.ts";
import { UsageError } from "../system/errors.ts";

/** The reference's flags take a word, `--sysupdate true`; ours may stand alone, and take that word too. */
const FLAGS = new Set(["--latest", "--plain", "--force-reload", "--sysupdate", "--verify"]);

/** For the help of all commands that put an index. */
export const SIGNING_HELP = `Indexes are signed where BAKERY_SIGNING_KEY has an armored private key (BAKERY_SIGNING_PASSPHRASE unlocks it).
BAKERY_KEYRING is a file of public keys whose signatures count beside it: those before it, and of other publishers.
They are good for BAKERY_BEST_BEFORE_DAYS (default: 30; 0: for ever). Then systemd 260 and later refuse them, unless
\`./bakery reindex --due\`, called each night, has signed them anew.`;

/** The reference's public server, for those who run no bakery of their own. */
export const DEFAULT_BAKERY_URL = "https://extensions.flatcar.org";

export const COMPRESSION_OPTION = "how the image is compressed (default: the first that its format has)";

export const FORMATS_HELP = `Compressions of each format, its default first:
${IMAGE_FORMATS.map((format) => `  ${format.padEnd(10)}${compressionsOf(format)}`).join("\n")}
The same inputs give the same image bit for bit, except in btrfs. systemd 254 and later merge no ext2.`;

export function parseArch(value: string): Arch {
  if (!isArch(value)) throw new InvalidArgumentError(`allowed: ${ARCHES.join(", ")}`);
  return value;
}

export function parseBoolean(value: string): boolean {
  if (value !== "true" && value !== "false") throw new InvalidArgumentError("allowed: true, false");
  return value === "true";
}

export function parseEpoch(value: string): number {
  const seconds = Number(value);
  // squashfs and ext4 keep 32 bits.
  if (!/^[0-9]+$/.test(value) || seconds > 0xffff_ffff) throw new InvalidArgumentError("seconds since 1970");
  return seconds;
}

/** As the release manifest has it. */
const MAX_REASON_LENGTH = 512;

/** `<check>=<reason>`, added to those before it. */
export function parseAllowance(value: string, before: Allowances = []): Allowances {
  const { check = "", reason = "" } = /^(?<check>[^=]*)=(?<reason>.*)$/s.exec(value)?.groups ?? { check: value };
  const known = CHECKS.map(({ id }) => id);
  if (!known.includes(check)) throw new InvalidArgumentError(`checks are ${known.join(", ")}`);
  const why = reason.trim();
  if (why === "") throw new InvalidArgumentError(`say why: ${check}=<reason>`);
  if (why.length > MAX_REASON_LENGTH)
    throw new InvalidArgumentError(`a reason has up to ${MAX_REASON_LENGTH} characters`);
  if (before.some((one) => one.check === check)) throw new InvalidArgumentError(`${check} is allowed already`);
  return [...before, { check, reason: why }];
}

export function parseCount(value: string): number {
  const count = Number(value);
  if (!/^[0-9]{1,6}$/.test(value) || count < 1) throw new InvalidArgumentError("a whole number, 1 or more");
  return count;
}

/** Checked, and kept as it is spelt. */
export function parseExtFsSize(value: string): string {
  parseSize(value);
  return value;
}

/** @returns it without a slash at the end */
export function parseBakeryUrl(value: string): string {
  const { protocol, search, hash } = URL.parse(value) ?? {};
  if (/^https?:$/.test(protocol ?? "") && search === "" && hash === "") return value.replace(/\/+$/, "");
  throw new UsageError(`no URL of a bakery: ${value}`, { hint: "https://extensions.example.org" });
}

/** @throws UsageError for what cannot be a version */
export function parseVersion(value: string): string {
  return checked(checkVersion, value);
}

/** @throws UsageError for what cannot be an extension's name */
export function parseExtensionName(value: string): string {
  return checked(checkExtensionName, value);
}

function checked(check: (value: string) => string, value: string): string {
  try {
    return check(value);
  } catch (cause) {
    if (cause instanceof InvalidInput) throw new UsageError(cause.message, { cause });
    throw cause;
  }
}

/** Writes `--flag` and `--flag true` as `--flag=true`, so that a flag never swallows the operand behind it. */
export function withFlagValues(args: readonly string[]): string[] {
  const written: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (!FLAGS.has(word)) {
      written.push(word);
      continue;
    }
    const next = args[at + 1];
    const hasValue = next === "true" || next === "false";
    written.push(`${word}=${hasValue ? next : "true"}`);
    if (hasValue) at += 1;
  }
  return written;
}
