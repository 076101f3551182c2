/** Sizes, days and words as pages show them. */
import type { VerifiedBy } from "../../schema/index.ts";

const UNITS = ["B", "KiB", "MiB", "GiB"] as const;

/** `41 MiB`; below ten with one decimal */
export function formatSize(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(bytes, 1)) / 10)));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}

/** The day of a timestamp, which is in UTC. */
export function dayOf(timestamp: string): string {
  return timestamp.slice(0, 10);
}

/** Who vouches for what was downloaded, for people. */
export const VERIFIED_BY = {
  pinned: "hash in the recipe",
  "checksum-file": "upstream's checksum file",
  "signed-checksum-file": "signed checksum file",
  "openpgp-signature": "OpenPGP signature",
  "github-digest": "digest of GitHub's API",
  "git-commit": "git commit",
  "npm-integrity": "npm's integrity",
  "apt-archive": "Debian's signed archive",
  "oci-digest": "digest of a container image",
  unverified: "not verified",
} as const satisfies Record<VerifiedBy, string>;

export function verificationOf(verifiedBy: readonly VerifiedBy[] | undefined): string {
  if (verifiedBy === undefined) return "unknown";
  if (verifiedBy.length === 0) return "nothing is downloaded";
  const vouched = verifiedBy.filter((how) => how !== "unverified");
  if (vouched.length === 0) return VERIFIED_BY.unverified;
  const rest = vouched.length < verifiedBy.length ? ["in part not verified"] : [];
  return [...vouched.map((how) => VERIFIED_BY[how]), ...rest].join(", ");
}
