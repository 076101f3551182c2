/** Where an image comes from: what the release manifest says that lies beside it, if it is of this very image. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  type Image,
  InvalidInput,
  type Provenance,
  parsePublicPath,
  parseReleaseManifest,
  publicPath,
  RELEASE_MANIFEST_FILE,
  type ReleaseManifest,
  releaseName,
} from "../../schema/index.ts";
import type { OpenImage, Place } from "../image/open-image.ts";
import { UpstreamError } from "../system/errors.ts";
import type { Http } from "../system/http.ts";

export interface ProvenanceShown extends Pick<Provenance, "commit" | "builtAt" | "downloads" | "imported"> {
  /** Where it is said: a path or a URL */
  readonly manifest: string;
  readonly release: string;
  /** Checks that would have refused the image, and why it was let pass */
  readonly allowances: readonly { readonly check: string; readonly reason: string }[];
}

/** Larger than any manifest that a bakery takes. Bytes. */
const MAX_MANIFEST = 4 * 1024 ** 2;

/** A release manifest that names an image, and where it is: a path or a URL. */
export interface FoundManifest {
  readonly at: string;
  readonly manifest: ReleaseManifest;
  readonly image: Image;
}

/** @returns undefined where there is no manifest, or none that names the image's sha256 */
export async function findManifest(
  { place, sha256 }: Pick<OpenImage, "place" | "sha256">,
  http: Http,
): Promise<FoundManifest | undefined> {
  for (const at of await candidates(place)) {
    const text = place.kind === "file" ? await readSmall(at) : await askFor(at, http);
    const manifest = text === undefined ? undefined : parse(text);
    const image = manifest?.images.find((one) => one.sha256 === sha256);
    if (manifest !== undefined && image !== undefined) return { at, manifest, image };
  }
  return undefined;
}

/** @returns undefined where nothing says where the image comes from */
export async function findProvenance(
  opened: Pick<OpenImage, "place" | "sha256">,
  http: Http,
): Promise<ProvenanceShown | undefined> {
  const found = await findManifest(opened, http);
  if (found === undefined) return undefined;
  const { commit, builtAt, downloads, imported } = found.manifest.provenance;
  return {
    manifest: found.at,
    release: releaseName(found.manifest),
    ...(commit !== undefined && { commit }),
    builtAt,
    ...(imported !== undefined && { imported }),
    downloads,
    allowances: found.image.allowed ?? [],
  };
}

async function candidates(place: Place): Promise<string[]> {
  if (place.kind === "url") return manifestUrls(place.url);
  const folder = dirname(place.path);
  const names = (await readdir(folder).catch(() => [])).filter((name) => /(?:^|\.)release\.json$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

/** In a bakery its manifest's own path; elsewhere, as in a release of GitHub, beside the image. */
function manifestUrls(image: string): string[] {
  const url = new URL(image);
  const beside = new URL(RELEASE_MANIFEST_FILE, url).href;
  const path = decode(url.pathname);
  const found = path === undefined ? undefined : parsePublicPath(path);
  if (path === undefined || found?.kind !== "image") return [beside];
  const prefix = path.slice(0, path.lastIndexOf("/extensions/"));
  const own = `${prefix}${publicPath({ release: found.at.release, file: RELEASE_MANIFEST_FILE })}`;
  return [new URL(own.split("/").map(encodeURIComponent).join("/"), url).href, beside];
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** What cannot be read is as good as absent: nobody has asked for it. */
async function readSmall(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || found.size > MAX_MANIFEST) return undefined;
  return readFile(path, "utf8").catch(() => undefined);
}

async function askFor(url: string, http: Http): Promise<string | undefined> {
  try {
    return (await http.read(url)).text;
  } catch (error) {
    if (error instanceof UpstreamError) return undefined;
    throw error;
  }
}

function parse(text: string): ReleaseManifest | undefined {
  try {
    return parseReleaseManifest(text);
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

/** How the manifest is called in a text. */
export function manifestName({ manifest }: ProvenanceShown): string {
  return /^https?:/.test(manifest) ? manifest : basename(manifest);
}
