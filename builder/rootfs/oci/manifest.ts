/**
 * What registries say images consist of. OCI's documents and Docker's, which are the same but for their names.
 *
 * https://github.com/opencontainers/image-spec: image-index.md, manifest.md, config.md
 * https://distribution.github.io/distribution/spec/manifest-v2-2/
 */
import * as v from "valibot";
import { type Arch, GO_ARCH } from "../../../schema/index.ts";
import { UpstreamError, UserError } from "../../system/errors.ts";
import { DIGEST } from "./reference.ts";

const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
const CONFIG_TYPES = ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
/** By their first bytes it shows how they are compressed. */
const LAYER_TYPES =
  /^application\/vnd\.(?:oci\.image\.layer\.v1\.tar(?:\+gzip|\+zstd)?|docker\.image\.rootfs\.diff\.tar(?:\.gzip|\.zstd)?)$/;
/** Docker's first one has no digests of its own. */
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:json|prettyjws)$/;

/** What a registry is asked for. */
export const ACCEPTED = [...INDEX_TYPES, ...MANIFEST_TYPES].join(", ");

const descriptor = v.object({
  mediaType: v.string(),
  digest: v.pipe(v.string(), v.regex(DIGEST, "no digest")),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  platform: v.nullish(v.object({ os: v.string(), architecture: v.string(), variant: v.nullish(v.string()) })),
});
const strings = v.nullish(v.array(v.string()));
const document = v.object({
  schemaVersion: v.number(),
  mediaType: v.nullish(v.string()),
  manifests: v.nullish(v.array(descriptor)),
  config: v.nullish(descriptor),
  layers: v.nullish(v.array(descriptor)),
});
const imageConfig = v.object({
  os: v.string(),
  architecture: v.string(),
  config: v.nullish(
    v.object({
      Env: strings,
      Entrypoint: strings,
      Cmd: strings,
      WorkingDir: v.nullish(v.string()),
      User: v.nullish(v.string()),
    }),
  ),
  rootfs: v.object({ diff_ids: v.array(v.pipe(v.string(), v.regex(DIGEST, "no digest"))) }),
});

/** What a manifest says of something else: what it hashes to, and its bytes. */
export type Descriptor = v.InferOutput<typeof descriptor>;
export type ImageConfig = v.InferOutput<typeof imageConfig>;

export type Manifest =
  | { readonly kind: "index"; readonly manifests: readonly Descriptor[] }
  | { readonly kind: "image"; readonly config: Descriptor; readonly layers: readonly Descriptor[] };

/**
 * @param image for errors
 * @throws UpstreamError for what is none, UserError for one that is not understood
 */
export function parseManifest(text: string, image: string): Manifest {
  const { schemaVersion, mediaType, manifests, config, layers } = parse(document, text, "manifest", image);
  if (schemaVersion === 1 || (mediaType && SCHEMA_1.test(mediaType))) throw schema1(image);
  const isIndex = manifests !== undefined && manifests !== null;
  // Two readers could take such a one for two things: CVE-2021-41190.
  if (isIndex === (config !== undefined && config !== null) || (isIndex && layers)) throw unclear(image);
  if (mediaType && !(isIndex ? INDEX_TYPES : MANIFEST_TYPES).includes(mediaType)) throw unclear(image);
  if (isIndex) return { kind: "index", manifests };
  if (!config || !layers) throw unclear(image);
  if (!CONFIG_TYPES.includes(config.mediaType)) throw notUnderstood(image, config.mediaType);
  const strange = layers.find((layer) => !LAYER_TYPES.test(layer.mediaType));
  if (strange !== undefined) throw notUnderstood(image, strange.mediaType);
  return { kind: "image", config, layers };
}

/** @throws UserError where a registry says that it has nothing newer than schema 1 */
export function refuseSchema1(contentType: string | null, image: string): void {
  const type = contentType?.split(";")[0]?.trim() ?? "";
  if (SCHEMA_1.test(type)) throw schema1(image);
}

export function parseConfig(text: string, image: string): ImageConfig {
  return parse(imageConfig, text, "config", image);
}

/** @throws UserError that says which platforms there are */
export function choose(manifests: readonly Descriptor[], arch: Arch, image: string): Descriptor {
  const fitting = manifests.filter(({ platform }) => platform && fits(platform, arch));
  // One without a variant runs everywhere.
  const chosen = fitting.find(({ platform }) => !platform?.variant) ?? fitting[0];
  if (chosen !== undefined) return chosen;
  const there = manifests.flatMap(({ platform }) =>
    platform && platform.os !== "unknown" ? [platformName(platform)] : [],
  );
  throw wrongPlatform(image, arch, there);
}

/** @throws UserError for an image of another platform */
export function checkPlatform(config: ImageConfig, arch: Arch, image: string): void {
  if (!fits({ os: config.os, architecture: config.architecture }, arch)) {
    throw wrongPlatform(image, arch, [platformName({ os: config.os, architecture: config.architecture })]);
  }
}

type Platform = NonNullable<Descriptor["platform"]>;

/** Variants of amd64 need more than every such processor has; arm64 is `v8` where it says so. */
function fits({ os, architecture, variant }: Platform, arch: Arch): boolean {
  const variants = arch === "arm64" ? ["v8"] : ["v1"];
  return os === "linux" && architecture === GO_ARCH[arch] && (!variant || variants.includes(variant));
}

function platformName({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter(Boolean).join("/");
}

function wrongPlatform(image: string, arch: Arch, there: readonly string[]): UserError {
  const details = { image, there: [...new Set(there)].join(", ") || "nothing that names its platform" };
  return new UserError(`${image} is not there for linux/${GO_ARCH[arch]}`, {
    details,
    hint: "choose another image or architecture",
  });
}

function parse<T extends v.GenericSchema>(schema: T, text: string, what: string, image: string): v.InferOutput<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UpstreamError(`the ${what} of ${image} is not JSON`, { details: { image }, cause });
  }
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const reason = `${v.getDotPath(issue) ?? what}: ${issue.message}`;
  throw new UpstreamError(`the ${what} of ${image} is damaged`, { details: { image, reason } });
}

function schema1(image: string): UserError {
  return new UserError(`${image} has a manifest of Docker's schema 1, which is not understood`, {
    details: { image },
    hint: "push the image anew with a client of this decade",
  });
}

function unclear(image: string): UpstreamError {
  return new UpstreamError(`the manifest of ${image} is neither an image's nor an index`, { details: { image } });
}

function notUnderstood(image: string, mediaType: string): UserError {
  return new UserError(`${image} is no container image that is understood`, { details: { image, mediaType } });
}
