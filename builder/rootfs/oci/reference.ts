/**
 * Names of images as Docker spells them: `alpine:3.21` is `docker.io/library/alpine:3.21`.
 *
 * https://github.com/distribution/reference/blob/main/reference.go
 */
import { UsageError } from "../../system/errors.ts";

export interface ImageReference {
  /** `docker.io`, `127.0.0.1:5000` */
  readonly registry: string;
  /** `library/alpine` */
  readonly repository: string;
  /** Undefined only where there is a digest. */
  readonly tag: string | undefined;
  /** `sha256:…`; where there is one, the tag says nothing. */
  readonly digest: string | undefined;
}

const DOCKER = "docker.io";
const MAX_NAME = 255;

const HOST =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
/** https://github.com/opencontainers/image-spec/blob/main/descriptor.md#registered-algorithms */
export const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** @throws UsageError that says which part of it is none */
export function parseReference(text: string): ImageReference {
  const refuse = (problem: string) => {
    throw new UsageError(`not a reference of an image: ${JSON.stringify(text)}: ${problem}`, {
      hint: "write it as docker pull takes it: alpine:3.21, quay.io/org/image:tag, image@sha256:…",
    });
  };
  if (/^[a-z+-]+:\/\//.test(text)) return refuse("it is no URL");
  const [beforeDigest = "", digest, ...more] = text.split("@");
  if (more.length > 0) return refuse("it has two digests");
  if (digest !== undefined && !DIGEST.test(digest))
    return refuse("its digest is not sha256: and 64 lower-case hex digits");

  // A colon behind the last slash begins a tag; one before it, a port.
  const colon = beforeDigest.indexOf(":", beforeDigest.lastIndexOf("/") + 1);
  const name = colon === -1 ? beforeDigest : beforeDigest.slice(0, colon);
  const tag = colon === -1 ? undefined : beforeDigest.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) return refuse("its tag is none");

  const { registry, repository } = splitName(name);
  if (!HOST.test(registry)) return refuse("its registry is no host");
  if (name === "" || repository === "") return refuse("it has no name");
  if (!repository.split("/").every((component) => COMPONENT.test(component))) {
    return refuse(/[A-Z]/.test(repository) ? "its name has upper-case letters" : "its name is none");
  }
  if (`${registry}/${repository}`.length > MAX_NAME) return refuse(`its name is longer than ${MAX_NAME} characters`);
  return { registry, repository, tag: tag ?? (digest === undefined ? "latest" : undefined), digest };
}

/** Without tag and digest: `docker.io/library/alpine`. */
export function nameOf({ registry, repository }: ImageReference): string {
  return `${registry}/${repository}`;
}

/** The whole of it, with what was not said. */
export function describeReference(reference: ImageReference): string {
  const { tag, digest } = reference;
  return `${nameOf(reference)}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** Where a registry's API is: by plain http on this machine alone. */
export function apiUrl(registry: string): string {
  const host = registry === DOCKER ? "registry-1.docker.io" : registry;
  return `${isLoopback(registry) ? "http" : "https"}://${host}/v2`;
}

/** @param host with its port or without */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?$/i.test(host);
}

/** What comes first is a host if it cannot be anything else. */
function splitName(name: string): { registry: string; repository: string } {
  const slash = name.indexOf("/");
  const first = slash === -1 ? "" : name.slice(0, slash);
  if (!(/[.:A-Z]/.test(first) || first === "localhost")) return docker(name);
  const repository = name.slice(slash + 1);
  return first === DOCKER || first === "index.docker.io" ? docker(repository) : { registry: first, repository };
}

/** Images without an owner are Docker's own. */
function docker(repository: string): { registry: string; repository: string } {
  return {
    registry: DOCKER,
    repository: repository.includes("/") || repository === "" ? repository : `library/${repository}`,
  };
}
