/**
 * Images as registries have them, made of tar archives: blobs by digest, and which of them is the image.
 *
 * https://github.com/opencontainers/image-spec
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { sha256 } from "./sha256.ts";
import { archive } from "./tar-archive.ts";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
}

export interface OciImage {
  /** By digest. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** Index or manifest. */
  readonly top: Descriptor;
  /** From the lowest, as they are downloaded. */
  readonly layers: readonly Descriptor[];
}

export interface ImageSpec {
  /** Entries as `tar-archive.ts` makes them, or a whole archive; from the lowest layer. */
  readonly layers: readonly (readonly Buffer[] | Buffer)[];
  /** Of the layers, in turn; default: gzip. */
  readonly compression?: readonly ("gzip" | "zstd" | "none")[];
  readonly architecture?: string;
  readonly os?: string;
  readonly variant?: string;
  /** As Docker runs it: `Env`, `Cmd`, … */
  readonly config?: object;
  /** In place of the right ones. */
  readonly diffIds?: readonly string[];
  /** Changes to the manifest, for what no client would push. */
  readonly manifest?: object;
}

const OCI = "application/vnd.oci.image";
const COMPRESS = { gzip: (bytes: Buffer) => gzipSync(bytes), zstd: zstdCompressSync, none: (bytes: Buffer) => bytes };

export function digestOf(bytes: string | Uint8Array): string {
  return `sha256:${sha256(bytes)}`;
}

export function ociImage(spec: ImageSpec): OciImage {
  const { architecture = "amd64", os = "linux", variant, compression = [], config = {} } = spec;
  const blobs = new Map<string, Buffer>();
  const put = (mediaType: string, bytes: Buffer): Descriptor => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const tars = spec.layers.map((layer) => (Buffer.isBuffer(layer) ? layer : archive(...layer)));
  const layers = tars.map((tar, at) => {
    const kind = compression[at] ?? "gzip";
    return put(`${OCI}.layer.v1.tar${kind === "none" ? "" : `+${kind}`}`, COMPRESS[kind](tar));
  });
  const configured = put(
    `${OCI}.config.v1+json`,
    json({
      ...{ architecture, os, ...(variant !== undefined && { variant }), config },
      rootfs: { type: "layers", diff_ids: spec.diffIds ?? tars.map(digestOf) },
    }),
  );
  const mediaType = `${OCI}.manifest.v1+json`;
  const manifest = { schemaVersion: 2, mediaType, config: configured, layers, ...spec.manifest };
  const platform = { os, architecture, ...(variant !== undefined && { variant }) };
  return { blobs, top: { ...put(mediaType, json(manifest)), platform }, layers };
}

/** @param others descriptors of what is no image of a platform */
export function ociIndex(images: readonly OciImage[], others: readonly Descriptor[] = []): OciImage {
  const mediaType = `${OCI}.index.v1+json`;
  const bytes = json({ schemaVersion: 2, mediaType, manifests: [...images.map(({ top }) => top), ...others] });
  const digest = digestOf(bytes);
  return {
    blobs: new Map([...images.flatMap(({ blobs }) => [...blobs]), [digest, bytes]]),
    top: { mediaType, digest, size: bytes.length },
    layers: images.flatMap(({ layers }) => layers),
  };
}

/** Writes it as an OCI layout, which `skopeo copy oci:<folder>:<tag>` reads: image-layout.md. */
export async function writeLayout(folder: string, { blobs, top }: OciImage, tag: string): Promise<void> {
  await mkdir(join(folder, "blobs/sha256"), { recursive: true });
  await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  for (const [digest, bytes] of blobs) await writeFile(join(folder, "blobs", digest.replace(":", "/")), bytes);
  const manifests = [{ ...top, annotations: { "org.opencontainers.image.ref.name": tag } }];
  await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
