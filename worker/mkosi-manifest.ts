/**
 * The manifest that mkosi would have written beside an image, for openSUSE's sysextmgr: it lists images by the index,
 * and then asks for each image's manifest, gzipped, to learn on which hosts it may be merged. Older versions of it read
 * `extensions`, as older mkosi wrote it, newer ones `extension`.
 */
import type { Arch, ReleaseManifest } from "../schema/index.ts";

/** @returns undefined where the release has no image for this architecture */
export async function mkosiManifest(manifest: ReleaseManifest, arch: Arch): Promise<Uint8Array | undefined> {
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
  return gzip(JSON.stringify({ manifest_version: 1, config, extension, extensions: [["sysext", extension]] }));
}

async function gzip(text: string): Promise<Uint8Array> {
  const { body } = new Response(text);
  return new Uint8Array(await new Response(body?.pipeThrough(new CompressionStream("gzip"))).arrayBuffer());
}
