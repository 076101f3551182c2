/** Finds out what a reference stands for now: which manifest, for one architecture, and of which layers it consists. */
import type { Arch } from "../../../schema/index.ts";
import type { Kitchen } from "../../bake/bake.ts";
import type { Arrival } from "../../bake/fetch/cache.ts";
import { sha256Of } from "../../system/digest.ts";
import { UpstreamError, UserError, WrongContentError } from "../../system/errors.ts";
import type { HashAlgorithm, Measured } from "../../system/spool.ts";
import type { Logins } from "./credentials.ts";
import { explained } from "./explain.ts";
import {
  ACCEPTED,
  checkPlatform,
  choose,
  type Descriptor,
  type ImageConfig,
  parseConfig,
  parseManifest,
  refuseSchema1,
} from "./manifest.ts";
import { DIGEST, describeReference, nameOf, parseReference } from "./reference.ts";
import { Repository } from "./repository.ts";

export interface ImageOptions {
  readonly arch: Arch;
  /** HTTP, the download cache, progress and the signal that ends it. */
  readonly kitchen: Pick<Kitchen, "upstreams" | "downloads" | "progress" | "signal">;
  /** Default: nobody is known to us anywhere. */
  readonly logins?: Logins;
}

/** A part of an image as it was downloaded. */
export interface ImageDownload extends Measured {
  readonly url: string;
}

export interface ResolvedImage {
  /** `docker.io/library/alpine@sha256:…`: what was named, whatever architecture; it stands for the same always. */
  readonly reference: string;
  /** Of the manifest for the architecture. */
  readonly digest: string;
  readonly config: ImageConfig;
  /** From the lowest. */
  readonly layers: readonly Layer[];
  /** Index, manifest and config. */
  readonly downloads: readonly ImageDownload[];
}

export interface Layer extends Descriptor {
  /** What it hashes to when it is not compressed. */
  readonly diffId: string;
}

/** An image with where to get its layers. */
export interface OpenImage extends ResolvedImage {
  readonly repository: Repository;
  /** When it is on disk what the tag stands for: a disk that is busy may take a while, and nothing else waits for it. */
  readonly remembered: Promise<void>;
}

/** Of a document. The distribution specification asks registries for 4 MiB; configs of long histories are larger. */
const MAX_DOCUMENT = 8 * 1024 ** 2;
const MAX_LAYERS = 1_000;
/** An index may name another one. */
const MAX_DEPTH = 3;

/**
 * Asks for the manifests and the config, and for no layer.
 * @throws UsageError for what is no reference; UpstreamError or UserError, naming the image, where it cannot be had
 */
export async function resolveImage(reference: string, options: ImageOptions): Promise<ResolvedImage> {
  const { repository: _, remembered, ...resolved } = await openImage(reference, options);
  await remembered;
  return resolved;
}

export async function openImage(text: string, { arch, kitchen, logins }: ImageOptions): Promise<OpenImage> {
  const reference = parseReference(text);
  const { upstreams, signal } = kitchen;
  const repository = new Repository(reference, {
    http: upstreams.http,
    logins: logins ?? (async () => ({ file: "none" })),
    signal,
  });
  return explained(repository, async () => {
    const image = describeReference(reference);
    const { digest: named, remembered } =
      reference.digest === undefined
        ? await digestOfTag(repository, image, kitchen)
        : { digest: reference.digest, remembered: Promise.resolve() };
    try {
      const found = await readImage(repository, named, { arch, kitchen });
      return { ...found, reference: `${nameOf(reference)}@${named}`, repository, remembered };
    } catch (error) {
      // Nothing of it writes any more when its caller is told.
      await remembered.catch(() => {});
      throw error;
    }
  });
}

/** @param named the digest of an index or of a manifest */
async function readImage(
  repository: Repository,
  named: string,
  { arch, kitchen }: ImageOptions,
): Promise<Omit<ResolvedImage, "reference">> {
  const image = describeReference(repository.reference);
  const downloads: ImageDownload[] = [];
  const fetch = async (url: string, digest: string, size?: number) => {
    const { text: body, ...measured } = await readDocument(repository, { url, digest, size }, kitchen);
    downloads.push({ url, ...measured });
    return body;
  };
  let chosen: Pick<Descriptor, "digest"> & { size?: number } = { digest: named };
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const body = await fetch(repository.manifestUrl(chosen.digest), chosen.digest, chosen.size);
    const manifest = parseManifest(body, image);
    if (manifest.kind === "index") {
      chosen = choose(manifest.manifests, arch, image);
      continue;
    }
    const { digest, size } = manifest.config;
    const config = parseConfig(await fetch(repository.blobUrl(digest), digest, size), image);
    // What an index says of it counts: configs of some were made on another machine.
    if (depth === 0) checkPlatform(config, arch, image);
    return { digest: chosen.digest, config, layers: layersOf(manifest.layers, config, image), downloads };
  }
  throw new UpstreamError(`the index of ${image} names an index, and so on`, { details: { image } });
}

/** Begins the download of a part, or finds it where downloads are kept. */
export async function takePart(
  repository: Repository,
  part: { readonly url: string; readonly digest: string; readonly what: string; readonly limit: number },
  kitchen: ImageOptions["kitchen"],
  onDownload?: Parameters<Kitchen["downloads"]["take"]>[1]["onDownload"],
): Promise<Arrival> {
  const [algorithm, hex = ""] = part.digest.split(":") as [HashAlgorithm, string];
  const wanted = { file: part.what, address: part.url, expected: { algorithm, hex } };
  const headings = part.url === repository.manifestUrl(part.digest) ? { accept: ACCEPTED } : {};
  return kitchen.downloads.take(wanted, {
    http: repository.downloading(headings, part.limit),
    signal: kitchen.signal,
    ...(onDownload !== undefined && { onDownload }),
  });
}

async function readDocument(
  repository: Repository,
  { url, digest, size }: { url: string; digest: string; size: number | undefined },
  kitchen: ImageOptions["kitchen"],
): Promise<Measured & { text: string }> {
  if (size !== undefined && size > MAX_DOCUMENT) throw tooLarge(url);
  const what = `what ${describeReference(repository.reference)} refers to as ${digest}`;
  await using arrival = await takePart(repository, { url, digest, what, limit: size ?? MAX_DOCUMENT }, kitchen);
  const measured = await arrival.measured;
  if (measured.size > MAX_DOCUMENT) throw tooLarge(url);
  checkSize(url, size, measured.size);
  const pieces: Buffer[] = [];
  for await (const piece of arrival.spool.read()) pieces.push(Buffer.from(piece));
  return { ...measured, text: Buffer.concat(pieces).toString("utf8") };
}

/** @throws WrongContentError where a manifest's word for a size is not true, whatever else is */
export function checkSize(url: string, expected: number | undefined, actual: number): void {
  if (expected === undefined || expected === actual) return;
  const details = { url, expected: `${expected} bytes`, actual: `${actual} bytes` };
  throw new WrongContentError("a part is not as long as the manifest says", { details });
}

/** The one question that has no answer of its own digest: TLS vouches for it. */
async function digestOfTag(
  repository: Repository,
  image: string,
  { downloads }: ImageOptions["kitchen"],
): Promise<{ digest: string; remembered: Promise<void> }> {
  const { tag = "latest" } = repository.reference;
  const url = repository.manifestUrl(tag);
  const described = { url, verify: { kind: "unverified", reason: "a tag is what its registry says" } } as const;
  if (downloads.offline) {
    const known = await downloads.known.recall(described);
    if (known !== undefined) {
      return { digest: `${known.expected.algorithm}:${known.expected.hex}`, remembered: Promise.resolve() };
    }
    throw new UserError(`${image} is not in the download cache`, {
      details: { url },
      hint: "run it once without --offline",
    });
  }
  const { digest, headers } = await askForTag(repository, tag);
  refuseSchema1(headers.get("content-type"), image);
  const [algorithm, hex = ""] = digest.split(":") as [HashAlgorithm, string];
  const remembered = downloads.known.remember(described, {
    address: url,
    verifiedBy: "oci-digest",
    expected: { algorithm, hex },
  });
  // Whoever needs the image waits for it; others have failed of something else.
  remembered.catch(() => {});
  return { digest, remembered };
}

async function askForTag(repository: Repository, tag: string): Promise<{ digest: string; headers: Headers }> {
  const headers = await repository.headManifest(tag, ACCEPTED);
  const digest = headers.get("docker-content-digest");
  if (digest !== null && DIGEST.test(digest)) return { digest, headers };
  // The specification does not oblige registries to say it.
  const answer = await repository.readManifest(tag, ACCEPTED);
  return { digest: `sha256:${sha256Of(answer.bytes)}`, headers: answer.headers };
}

function layersOf(layers: readonly Descriptor[], { rootfs }: ImageConfig, image: string): Layer[] {
  const { diff_ids: diffIds } = rootfs;
  if (layers.length === 0) throw new UserError(`${image} has no layers`, { details: { image } });
  if (layers.length > MAX_LAYERS)
    throw new UserError(`${image} has more than ${MAX_LAYERS} layers`, { details: { image } });
  return layers.map((layer, at) => {
    const diffId = diffIds[at];
    if (diffId === undefined || diffIds.length !== layers.length) {
      throw new UpstreamError(`manifest and config of ${image} do not have the same number of layers`, {
        details: { image, manifest: String(layers.length), config: String(diffIds.length) },
      });
    }
    return { ...layer, diffId };
  });
}

function tooLarge(url: string): UpstreamError {
  return new UpstreamError(`a document of more than ${MAX_DOCUMENT} bytes`, { details: { url } });
}
