/**
 * Alpine's packages, out of the index of a branch.
 *
 * https://wiki.alpinelinux.org/wiki/Apk_spec
 */
import { decompress } from "../bake/root/decompress.ts";
import { ArchiveError, readTar } from "../bake/root/tar-reader.ts";
import type { VersionSource } from "../recipe/index.ts";
import { NotFoundError, UpstreamError } from "../system/errors.ts";
import type { Answer, Answers } from "./answers.ts";

type AlpinePackage = Extract<VersionSource, { kind: "alpine-package" }>;

/** The parts of a version that Alpine adds to upstream's, and those that tell a prerelease: apk-package(5). */
const REVISION = /-r[0-9]+$/;
const PRERELEASE = /_(?:alpha|beta|pre|rc)[0-9]*/;

/** Of x86-64, as both architectures have the same. @throws NotFoundError for a package that the branch does not have */
export async function alpineVersions(answers: Answers, { name, branch, repository }: AlpinePackage): Promise<string[]> {
  const url = `https://dl-cdn.alpinelinux.org/alpine/${branch}/${repository}/x86_64/APKINDEX.tar.gz`;
  const index = await answers.get(url, readIndex);
  const versions = index.get(name);
  if (versions === undefined) {
    throw new NotFoundError(`${repository} of ${branch} has no package ${name}`, {
      details: { url },
      hint: "see https://pkgs.alpinelinux.org/packages: it may be in another branch or repository",
    });
  }
  return versions.filter((version) => !PRERELEASE.test(version)).map((version) => version.replace(REVISION, ""));
}

/** Versions by the package's name. */
async function readIndex({ url, bytes }: Answer): Promise<Map<string, string[]>> {
  const text = await indexIn(bytes).catch((cause: unknown) => {
    // zlib's own errors have a code, and no class of their own.
    const isDamaged = cause instanceof ArchiveError || (cause instanceof Error && "code" in cause);
    throw isDamaged ? noIndex(url, cause.message, cause) : cause;
  });
  if (text === undefined) throw noIndex(url, "there is no APKINDEX in it");
  const packages = text.split(/\n\n+/).map((stanza) => ({ name: field(stanza, "P"), version: field(stanza, "V") }));
  const index = new Map<string, string[]>();
  for (const { name, version } of packages) {
    if (name !== undefined && version !== undefined) index.set(name, [...(index.get(name) ?? []), version]);
  }
  if (index.size === 0) throw noIndex(url, "there are no packages in it");
  return index;
}

/** The archive's segments, each compressed for itself, are one: the first has the signature. */
async function indexIn(bytes: Uint8Array): Promise<string | undefined> {
  const whole = async function* () {
    yield bytes;
  };
  for await (const { name, content } of readTar(decompress(whole()))) {
    if (name !== "APKINDEX") continue;
    const pieces: Uint8Array[] = [];
    for await (const piece of content) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces).toString("utf8");
  }
  return undefined;
}

function field(stanza: string, letter: string): string | undefined {
  return new RegExp(`^${letter}:(.+)$`, "m").exec(stanza)?.[1];
}

function noIndex(url: string, problem: string, cause?: unknown): UpstreamError {
  return new UpstreamError("the answer of Alpine's server is no index of packages", {
    details: { url, problem },
    hint: "try again; something in between may answer in its place",
    cause,
  });
}
