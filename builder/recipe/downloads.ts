/** What a recipe downloads, how that is verified, and where it goes: all of it data that can be printed and hashed. */
import type { Repository } from "./versions.ts";

export interface Download {
  /** `https://…`, a package in npm's registry as `npmTarball` writes it, or a repository as `gitTag` does. */
  readonly url: string;
  readonly verify: Verification;
  readonly install: Install;
}

export type Verification =
  | { readonly kind: "checksum-file"; readonly url: string; readonly signature?: Signature }
  | { readonly kind: "openpgp-signature"; readonly signature: Signature }
  | { readonly kind: "github-digest"; readonly otherwise?: Unverified }
  | { readonly kind: "git-commit" }
  | { readonly kind: "npm-integrity" }
  | { readonly kind: "pinned"; readonly digests: Readonly<Record<string, string>> }
  | { readonly kind: "unverified"; readonly reason: string };

/** A detached OpenPGP signature, binary or armored. */
export interface Signature {
  readonly url: string;
  /** `hashicorp` for the keys in `extensions/_keys/hashicorp.asc` */
  readonly key: string;
}

export type Unverified = Extract<Verification, { kind: "unverified" }>;

export type Install =
  | { readonly kind: "binary"; readonly path: string }
  | { readonly kind: "extract"; readonly path: string; readonly strip: number; readonly only: readonly string[] }
  | { readonly kind: "take"; readonly places: Readonly<Record<string, string>> }
  | { readonly kind: "unpack"; readonly path: string; readonly strip: number; readonly only: readonly string[] }
  | { readonly kind: "keep"; readonly path: string };

/**
 * A file at upstream's that holds the digest alone, or lines as `sha256sum` prints them, one for this download.
 * @param signature over that file: its URL, and whose key in `extensions/_keys/` it has to be by
 */
export function checksumFile(url: string, signature?: Signature): Verification {
  return { kind: "checksum-file", url, ...(signature !== undefined && { signature }) };
}

/** A signature over the download itself, by a key in `extensions/_keys/<key>.asc`. */
export function signedBy(key: string, url: string): Verification {
  return { kind: "openpgp-signature", signature: { url, key } };
}

/**
 * The sha256 that GitHub's API states for a release asset. Assets from before June 2025 have none.
 * @param otherwise for recipes that still offer such: why nothing else vouches for them
 */
export function githubDigest(otherwise?: Unverified): Verification {
  return { kind: "github-digest", ...(otherwise !== undefined && { otherwise }) };
}

/** The commit that a tag names at upstream, by which git holds every byte. It is recorded. */
export function gitCommit(): Verification {
  return { kind: "git-commit" };
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
 * The download is a tar archive, compressed or not, a zip, or a Debian package: its files go below `path`. What it is,
 * its first bytes say. Of a zip, programs are executable where it was written on a Unix.
 * @param options `strip`: leading folders taken off each name; `only`: names in the archive (or folders) to take
 */
export function extract(
  path: string,
  { strip = 0, only = [] }: { strip?: number; only?: readonly string[] } = {},
): Install {
  return { kind: "extract", path, strip, only };
}

/**
 * The download is an archive, of which each part has a place of its own in the image. What it does not have is left out.
 * @param places by the name of a file or folder in the archive, `{ "tool-1.0/tool": "usr/bin/tool" }`; of several that
 * fit, the first one counts
 */
export function take(places: Readonly<Record<string, string>>): Install {
  return { kind: "take", places };
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

/** A repository as it is at a tag, to be unpacked: `gitTag("https://github.com/CZ-NIC/bird.git", "v3.1.2")`. */
export function gitTag(repository: `https://${string}`, tag: string): string {
  return `git+${repository}#${tag}`;
}

/** HashiCorp's zip of a product, by the checksums that HashiCorp signs. */
export function hashicorpZip(
  product: string,
  { version, goArch }: { readonly version: string; readonly goArch: string },
): Pick<Download, "url" | "verify"> {
  const folder = `https://releases.hashicorp.com/${product}/${version}`;
  const sums = `${folder}/${product}_${version}_SHA256SUMS`;
  // Named by its key's id: the one without may be by a key of before 2021.
  const verify = checksumFile(sums, { url: `${sums}.72D7468F.sig`, key: "hashicorp" });
  return { url: `${folder}/${product}_${version}_linux_${goArch}.zip`, verify };
}

/** A package's tarball, wherever the npm client's registry keeps it. */
export function npmTarball(name: string, version: string): string {
  return `npm:${name}@${version}`;
}
