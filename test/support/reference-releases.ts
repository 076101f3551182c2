/** Releases on GitHub as the reference's release jobs make them. */
import { everyVersion, formatSha256Sums, formatTransfer, transferFor } from "../../schema/index.ts";
import { sha256 } from "./sha256.ts";
import type { FakeRelease } from "./upstreams/github.ts";

/** As much of a squashfs as tells that it is one. */
export function squashfs(seed: string): Buffer {
  const image = Buffer.alloc(2_000, seed);
  image.write("hsqs");
  image.writeUInt32LE(131_072, 12);
  image.writeUInt16LE(6, 20);
  image.writeBigUInt64LE(1_500n, 40);
  return image;
}

export function imagesOf(extension: string, version: string): string[] {
  return ["x86-64", "arm64"].map((arch) => `${extension}-${version}-${arch}.raw`);
}

export function referenceTransfer(extension: string, version: string, bakeryUrl: string): string {
  return formatTransfer(transferFor(everyVersion(), version, { extension, bakeryUrl }));
}

/** @param bakeryUrl the bakery that their transfer files name */
export function referenceReleases(
  releases: readonly (readonly [extension: string, version: string])[],
  bakeryUrl: string,
): FakeRelease[] {
  const linesOf = (extension: string, version: string) =>
    formatSha256Sums(imagesOf(extension, version).map((file) => ({ file, sha256: sha256(squashfs(file)) })));
  const individual = releases.map(([extension, version]) => ({
    tag: `${extension}-${version}`,
    assets: {
      SHA256SUMS: linesOf(extension, version),
      [`${extension}.conf`]: referenceTransfer(extension, version, bakeryUrl),
      ...Object.fromEntries(imagesOf(extension, version).map((file) => [file, squashfs(file)])),
    },
  }));
  const metadata = [...new Set(releases.map(([extension]) => extension))].map((name) => {
    const own = releases.filter(([extension]) => extension === name);
    return { tag: name, assets: { SHA256SUMS: own.map(([, version]) => linesOf(name, version)).join("") } };
  });
  const all = metadata.map(({ assets }) => assets.SHA256SUMS).join("");
  return [...individual, ...metadata, { tag: "SHA256SUMS", assets: { SHA256SUMS: all } }];
}
