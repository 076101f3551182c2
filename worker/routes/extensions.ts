/** Serves what clients of a bakery ask for: images, transfer files, indexes and what belongs to them. */
import type { Context } from "hono";
import {
  INDEX_FILE,
  type PublicPath,
  parsePublicPath,
  parseReleaseName,
  RELEASE_DOCUMENTS,
  type ReleaseManifest,
} from "../../schema/index.ts";
import { nearestNames } from "../catalogue/near-matches.ts";
import type { AppEnv } from "../context.ts";
import { openDerived } from "../derived-file.ts";
import { baseOf } from "../env.ts";
import { openFeed } from "../feeds.ts";
import { mkosiManifest } from "../mkosi-manifest.ts";
import { decodePath, pathnameOf } from "../path.ts";
import { type FilePolicy, fileResponse, textResponse } from "../responses.ts";
import type { Services } from "../services.ts";
import type { FileRequest, StoredBody, StoredFile } from "../stores/store.ts";
import { redirectToDocs } from "./docs.ts";

const TEXT = "text/plain; charset=utf-8";
const JSON_TEXT = "application/json";
const ONE_MINUTE = "public, max-age=60";
const FIVE_MINUTES = "public, max-age=300";

// "Not here (yet)" is never cached of a file that an index may come to name: a cache that remembered it would make a
// published index name a file that cannot be fetched.
const POLICIES = {
  image: {
    contentType: "application/octet-stream",
    // A published image never changes (RFC 8246). Compressing it on the way would break its checksum at the client.
    cacheControl: "public, max-age=31536000, immutable, no-transform",
    absentCacheControl: "no-store",
  },
  transfer: { contentType: TEXT, cacheControl: FIVE_MINUTES, absentCacheControl: "no-store" },
  index: { contentType: TEXT, cacheControl: ONE_MINUTE, absentCacheControl: ONE_MINUTE },
  // RFC 3156 section 5
  signature: { contentType: "application/pgp-signature", cacheControl: ONE_MINUTE, absentCacheControl: "no-store" },
  // RFC 3156 section 7
  keyring: { contentType: "application/pgp-keys", cacheControl: FIVE_MINUTES, absentCacheControl: "no-store" },
  "release-manifest": { contentType: JSON_TEXT, cacheControl: FIVE_MINUTES, absentCacheControl: "no-store" },
  inventory: { contentType: JSON_TEXT, cacheControl: ONE_MINUTE, absentCacheControl: "no-store" },
  document: { contentType: JSON_TEXT, cacheControl: FIVE_MINUTES, absentCacheControl: "no-store" },
  "extension-profile": { contentType: JSON_TEXT, cacheControl: ONE_MINUTE, absentCacheControl: "no-store" },
  "release-contents": { contentType: JSON_TEXT, cacheControl: FIVE_MINUTES, absentCacheControl: "no-store" },
  "build-log": { contentType: TEXT, cacheControl: FIVE_MINUTES, absentCacheControl: "no-store" },
  "mkosi-manifest": { contentType: "application/gzip", cacheControl: FIVE_MINUTES, absentCacheControl: "no-store" },
  latest: { contentType: TEXT, cacheControl: ONE_MINUTE, absentCacheControl: ONE_MINUTE },
  // RFC 4287 section 7
  "atom-feed": {
    contentType: "application/atom+xml; charset=utf-8",
    cacheControl: ONE_MINUTE,
    absentCacheControl: "no-store",
  },
  "json-feed": { contentType: "application/feed+json", cacheControl: ONE_MINUTE, absentCacheControl: "no-store" },
} as const satisfies Record<PublicPath["kind"], FilePolicy>;

/** What RFC 9110 section 4.1 recommends to support; the documentation need not see longer ones either. */
const MAX_URL_LENGTH = 8_000;

/** What is no file of a bakery is left to the documentation. */
export async function serveExtensions(c: Context<AppEnv>): Promise<Response> {
  const { method, headers, url } = c.req.raw;
  if (url.length > MAX_URL_LENGTH) return textResponse(414, `a URL here has at most ${MAX_URL_LENGTH} characters`);
  const pathname = decodePath(pathnameOf(url));
  const path = pathname === undefined ? undefined : parsePublicPath(pathname);
  if (path === undefined) return redirectToDocs(c);

  const { services, record } = c.env;
  record.path = path;
  const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const file = await openFile(services, path, { url, method, headers, waitUntil });
  if (file === undefined) return absent(path, services.indexes.extensionsAtHand());

  record.source = file.source;
  if (file.kind === "body" && file.body !== null) record.bytes = bytesOf(file);
  return fileResponse(file, POLICIES[path.kind]);
}

interface PublicRequest extends FileRequest {
  readonly url: string;
}

function openFile(services: Services, path: PublicPath, request: PublicRequest): Promise<StoredFile | undefined> {
  const { config, indexes, stores } = services;
  switch (path.kind) {
    case "index":
      return indexes.openIndex(path, request);
    case "signature":
      return indexes.openSignature(path, request);
    case "latest":
      return indexes.openLatest(path, request);
    case "document":
    case "mkosi-manifest": {
      const derive = (manifest: ReleaseManifest) => derivedFrom(manifest, path);
      return openDerived(stores["release-manifest"], { release: path.at.release, derive }, request);
    }
    case "atom-feed":
    case "json-feed":
      return openFeed(stores.inventory, path, baseOf(config, request.url), request);
    default:
      return stores[path.kind].open(path.at, request);
  }
}

type DerivedPath = Extract<PublicPath, { kind: "document" | "mkosi-manifest" }>;

async function derivedFrom(manifest: ReleaseManifest, path: DerivedPath): Promise<Uint8Array | undefined> {
  if (path.kind === "mkosi-manifest") return mkosiManifest(manifest, path.arch);
  const text = RELEASE_DOCUMENTS[path.at.file]?.(manifest);
  return text === undefined ? undefined : new TextEncoder().encode(text);
}

function bytesOf({ outcome, representation }: StoredBody): number {
  return outcome.kind === "part" ? outcome.length : representation.size;
}

function absent(path: PublicPath, extensions: readonly string[]): Response {
  const what = path.kind === "latest" ? `an image of ${path.at.release} for ${path.arch}` : path.at.file;
  return textResponse(404, `${what} is not published here${hint(path)}${meant(path, extensions)}`, {
    "cache-control": POLICIES[path.kind].absentCacheControl,
  });
}

function hint(path: PublicPath): string {
  if (path.kind === "atom-feed" || path.kind === "json-feed") return ": a feed has what was published to this bakery";
  if (path.kind === "signature") return ": the index is not signed, transfer files for it say Verify=false";
  const extension = path.kind === "latest" ? path.at.release : parseReleaseName(path.at.release)?.extension;
  const isImage = path.kind === "latest" || path.kind === "image";
  return isImage && extension !== undefined ? `: /extensions/${extension}/${INDEX_FILE} lists what is` : "";
}

/** For those who mistyped an extension in what is typed by hand. */
function meant({ kind, at }: PublicPath, extensions: readonly string[]): string {
  if (kind !== "transfer" && kind !== "index" && kind !== "latest") return "";
  const near = extensions.includes(at.release) ? [] : nearestNames(at.release, extensions);
  return near.length === 0 ? "" : `\ndid you mean ${near.join(" or ")}?`;
}
