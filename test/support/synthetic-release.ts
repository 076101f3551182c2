/** Releases that were never baked: any extension, any version, images of any size. For publishers, bytes are bytes. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  ARCHES,
  type Arch,
  type ExtensionProfile,
  everyVersion,
  formatExtensionProfile,
  formatReleaseContents,
  formatReleaseManifest,
  formatTransfer,
  imageFile,
  type ReleaseContents,
  type ReleaseManifest,
  transferFor,
} from "../../schema/index.ts";
import { sha256 } from "./sha256.ts";

export interface SyntheticOptions {
  readonly arches?: readonly Arch[];
  /** Bytes of an image */
  readonly size?: number;
  /** Of another seed, an image has other bytes */
  readonly seed?: string;
  /** RFC 3339 */
  readonly builtAt?: string;
  /** Whether it says what is in its images, and what it is of */
  readonly described?: boolean;
}

/** @returns the folder's `release.json` */
export async function writeRelease(
  folder: string,
  extension: string,
  version: string,
  {
    arches = ARCHES,
    size = 1_000,
    seed = "",
    builtAt = "2026-11-24T00:00:00Z",
    described = false,
  }: SyntheticOptions = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const images: ReleaseManifest["images"] = [];
  for (const arch of arches) {
    const file = imageFile({ extension, version }, arch);
    const bytes = bytesOf(`${file} ${seed}`, size);
    await writeFile(join(folder, file), bytes);
    images.push({ file, arch, format: "squashfs", size, sha256: sha256(bytes), inputsDigest: "c".repeat(64) });
  }
  const bakeryUrl = "https://bakery.example.org";
  const text = formatTransfer(transferFor(everyVersion(), version, { extension, bakeryUrl, verify: true }));
  const file = `${extension}.conf`;
  await writeFile(join(folder, file), text);
  const manifest: ReleaseManifest = {
    schemaVersion: 1,
    extension,
    version,
    images,
    transfers: [{ file, sha256: sha256(text), matchPattern: `${extension}-@v-%a.raw` }],
    provenance: { builtAt, bundled: {}, downloads: [] },
  };
  const path = join(folder, "release.json");
  await writeFile(path, formatReleaseManifest(manifest));
  if (described) {
    await writeFile(join(folder, "contents.json"), formatReleaseContents(contentsOf(manifest)));
    await writeFile(join(folder, "extension.json"), formatExtensionProfile(profileOf(manifest)));
  }
  return path;
}

function contentsOf({ extension, version, images }: ReleaseManifest): ReleaseContents {
  const none = { files: 0, folders: 1, symlinks: 0, unpackedSize: 0, units: [], largest: [], parts: [] };
  return {
    schemaVersion: 1,
    extension,
    version,
    images: images.map(({ arch, sha256 }) => ({ arch, sha256, ...none })),
  };
}

function profileOf({ extension, version }: ReleaseManifest): ExtensionProfile {
  const homepage = "https://example.org";
  const told = { description: `${extension} for tests`, homepage, readme: `# ${extension}\n` };
  return {
    schemaVersion: 1,
    extension,
    version,
    ...told,
    transfers: ["every-version"],
    host: { activation: "reboot" },
  };
}

/** The same for the same seed, and nothing that repeats. */
function bytesOf(seed: string, size: number): Buffer {
  return createHash("shake256", { outputLength: size }).update(seed).digest();
}
