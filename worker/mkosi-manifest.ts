/**
 * The manifest that mkosi would have written beside an image, for openSUSE's sysextmgr: it lists images by the index,
 * and then asks for each image's manifest, gzipped, to learn on which hosts it may be merged. Older versions of it read
 * `extensions`, as older mkosi wrote it, newer ones `extension`.
 */
import { type PublicPath, parseReleaseManifest, RELEASE_MANIFEST_FILE } from "../schema/index.ts";
import { sha256Hex } from "./digest.ts";
import { readDocument } from "./documents.ts";
import { memoryBody } from "./stores/memory-body.ts";
import type { FileRequest, Store, StoredFile } from "./stores/store.ts";

/** @param manifests where release manifests are */
export async function openMkosiManifest(
  manifests: Store,
  { at, arch }: Extract<PublicPath, { kind: "mkosi-manifest" }>,
  request: FileRequest,
): Promise<StoredFile | undefined> {
  const manifestAt = { release: at.release, file: RELEASE_MANIFEST_FILE };
  const found = await readDocument(manifests, manifestAt, parseReleaseManifest, request);
  if (found === undefined) return undefined;
  const { value: manifest, source, modified } = found;
  const image = manifest.images.find((it) => it.arch === arch);
  if (image === undefined) return undefined;

  const { extension: name, version } = manifest;
  const extension = {
    ID: image.os ?? "_any",
    // What images for one system state, and `_any` is not held against (builder/bake/assemble.ts).
    ...(image.os !== undefined && { SYSEXT_LEVEL: "1.0" }),
    SYSEXT_ID: name,
    SYSEXT_VERSION_ID: version,
    SYSEXT_SCOPE: "system",
    ARCHITECTURE: arch,
  };
  const config = { name, architecture: arch, version };
  const json = JSON.stringify({ manifest_version: 1, config, extension, extensions: [["sysext", extension]] });
  const bytes = await gzip(json);
  const file = { bytes, sha256: await sha256Hex(bytes), ...(modified !== undefined && { modified }) };
  return memoryBody(file, source, request);
}

async function gzip(text: string): Promise<Uint8Array> {
  const { body } = new Response(text);
  return new Uint8Array(await new Response(body?.pipeThrough(new CompressionStream("gzip"))).arrayBuffer());
}
