/** What a recipe downloads, how that is verified, and where it goes: all of it data that can be printed and hashed. */
import type { Repository } from "./versions.ts";

export interface Download {
  /** `https://…`, or a package in npm's registry as `npmTarball` writes it. */
  readonly url: string;
  readonly verify: Verification;
  readonly install: Install;
}

export type Verification =
  | { readonly kind: "checksum-file"; readonly url: string }
  | { readonly kind: "github-digest" }
  | { readonly kind: "npm-integrity" }
  | { readonly kind: "pinned"; readonly digests: Readonly<Record<string, string>> }
  | { readonly kind: "unverified"; readonly reason: string };

export type Unverified = Extract<Verification, { kind: "unverified" }>;

export type Install =
  | { readonly kind: "binary"; readonly path: string }
  | { readonly kind: "extract"; readonly path: string; readonly strip: number; readonly only: readonly string[] }
  | { readonly kind: "unpack"; readonly path: string; readonly strip: number; readonly only: readonly string[] }
  | { readonly kind: "keep"; readonly path: string };

/** A file at upstream's that holds the digest alone, or lines as `sha256sum` prints them, one for this download. */
export function checksumFile(url: string): Verification {
  return { kind: "checksum-file", url };
}

/** The sha256 that GitHub's API states for a release asset. Assets from before June 2025 have none. */
export function githubDigest(): Verification {
  return { kind: "github-digest" };
}

/** The sha512 that npm's registry states for a tarball. */
export function npmIntegrity(): Verification {
  return { kind: "npm-integrity" };
}

/** The sha256 of this download, by version. A version that is not listed cannot be baked. */
export function pinned(digests: Readonly<Record<string, string>>): Verification {
  return { kind: "pinned", digests };
}

/** Nothing vouches for these bytes but TLS; the manifest says so, with the reason. */
export function unverified(reason: string): Unverified {
  return { kind: "unverified", reason };
}

/** The download is a program: it goes to `path` in the image, executable. */
export function binary(path: string): Install {
  return { kind: "binary", path };
}

/**
 * The download is a tar archive, compressed or not: its files go below `path`.
 * @param options `strip`: leading folders taken off each name; `only`: names in the archive (or folders) to take
 */
export function extract(
  path: string,
  { strip = 0, only = [] }: { strip?: number; only?: readonly string[] } = {},
): Install {
  return { kind: "extract", path, strip, only };
}

/** As `extract`, into the folder that builds work in. */
export function unpack(
  path = ".",
  { strip = 0, only = [] }: { strip?: number; only?: readonly string[] } = {},
): Install {
  return { kind: "unpack", path, strip, only };
}

/** The download goes as it is into the folder that builds work in. */
export function keep(path: string): Install {
  return { kind: "keep", path };
}

/** The URL of a file attached to a GitHub release. */
export function githubAsset(repository: Repository, tag: string, file: string): string {
  return `https://github.com/${repository}/releases/download/${encodeURIComponent(tag)}/${file}`;
}

/** A package's tarball, wherever the npm client's registry keeps it. */
export function npmTarball(name: string, version: string): string {
  return `npm:${name}@${version}`;
}
