/** What fast-check draws: names, versions and hashes as they come, and as they might come one day. */
import fc from "fast-check";
import { ARCHES, isExtensionName } from "../../schema/index.ts";

const characters = (set: string) => fc.constantFrom(...set);
const text = (set: string, minLength: number, maxLength: number) =>
  fc.string({ unit: characters(set), minLength, maxLength });

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
/** What systemd 254, 257 and 262 all see in a version. */
const VERSION_CHARACTERS = `${LOWER}${LOWER.toUpperCase()}${DIGITS}.+_-`;

export const arch = fc.constantFrom(...ARCHES);
export const sha256 = text("0123456789abcdef", 64, 64);

export const extensionName = fc
  .array(fc.oneof(text(LOWER + DIGITS, 1, 6), fc.constantFrom("docker", "compose", "v", "k3s", "x86", "arm64")), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join("-"))
  .filter(isExtensionName);

const number = fc.oneof(fc.nat(3), fc.nat(40), fc.nat());

/** `1.2.3`, `v1.32.2+k3s1`, `1.18.0-rc.1`, `4.8`, `20240101` */
export const realVersion = fc
  .tuple(
    fc.constantFrom("", "v"),
    fc.array(number, { minLength: 1, maxLength: 3 }),
    fc.option(
      fc.tuple(
        fc.constantFrom("-rc", "-rc.", "-alpha", "-beta.", "rc", "+k3s", "+rke2r", "+r", "-", "_", ".post"),
        number,
      ),
    ),
  )
  .map(([prefix, numbers, suffix]) => `${prefix}${numbers.join(".")}${suffix?.join("") ?? ""}`);

export const version = fc.oneof(
  realVersion,
  fc
    .tuple(fc.constantFrom("", "v"), fc.nat(9), text(VERSION_CHARACTERS, 0, 12))
    .map(([prefix, digit, rest]) => `${prefix}${digit}${rest}`),
);

/** Anything that the order of versions is defined for: few letters, so that two of them often share a beginning. */
export const comparable = fc.oneof(
  realVersion,
  text("0019aAbv.-+_", 0, 8),
  text("01a.-~^+", 0, 8),
  text(`${VERSION_CHARACTERS}~^,:`, 0, 8),
);

export const release = fc.record({ extension: extensionName, version });
