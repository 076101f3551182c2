/** Files that nobody has stored: each follows from a release manifest, and is made anew for each request. */
import { parseReleaseManifest, RELEASE_MANIFEST_FILE, type ReleaseManifest } from "../schema/index.ts";
import { sha256Hex } from "./digest.ts";
import { readDocument } from "./documents.ts";
import { memoryBody } from "./stores/memory-body.ts";
import type { FileRequest, Store, StoredFile } from "./stores/store.ts";

export interface Derivation {
  /** Name of the release */
  readonly release: string;
  /** Undefined: nothing follows from this one */
  derive(manifest: ReleaseManifest): Promise<Uint8Array | undefined> | Uint8Array | undefined;
}

/** @param manifests where release manifests are */
export async function openDerived(
  manifests: Store,
  { release, derive }: Derivation,
  request: FileRequest,
): Promise<StoredFile | undefined> {
  const at = { release, file: RELEASE_MANIFEST_FILE };
  const found = await readDocument(manifests, at, parseReleaseManifest, request);
  if (found === undefined) return undefined;
  const { value, source, modified } = found;
  const bytes = await derive(value);
  if (bytes === undefined) return undefined;
  const file = { bytes, sha256: await sha256Hex(bytes), ...(modified !== undefined && { modified }) };
  return memoryBody(file, source, request);
}
