/**
 * The package URL of a download: how vulnerability databases name what it is. Undefined where its address tells none;
 * then the address itself names it.
 *
 * https://github.com/package-url/purl-spec, PURL-TYPES
 */
import type { DownloadRecord } from "./release-manifest.ts";

const NPM = /^npm:(?<name>(?:@[^/@]+\/)?[^/@]+)@(?<version>.+)$/;
const DEB = /^deb:(?<name>[^_]+)_(?<version>[^_]+)_(?<arch>[a-z0-9]+)$/;
const OCI = /^oci:(?<repository>.+\/(?<name>[^/@]+))@(?<digest>sha256:[0-9a-f]{64})$/;
const GIT = /^git\+https:\/\/github\.com\/(?<owner>[^/]+)\/(?<name>[^/@#]+?)(?:\.git)?(?:[@#](?<ref>.+))?$/;
const GITHUB_FILE =
  /^https:\/\/github\.com\/(?<owner>[^/]+)\/(?<name>[^/]+)\/(?:releases\/download\/(?<tag>[^/]+)\/|archive\/refs\/tags\/(?<ref>.+?)\.(?:tar\.gz|zip)$)/;

/** `pkg:github/docker/compose@v2.34.0`, `pkg:npm/%40cloudflare/workerd-linux-64@1.2026.1` */
export function packageUrl({ url, commit }: Pick<DownloadRecord, "url" | "commit">): string | undefined {
  const npm = NPM.exec(url)?.groups;
  if (npm !== undefined) return `pkg:npm/${encodePath(npm.name)}@${encode(npm.version)}`;
  const deb = DEB.exec(url)?.groups;
  if (deb !== undefined) return `pkg:deb/debian/${encode(deb.name)}@${encode(deb.version)}?arch=${encode(deb.arch)}`;
  const oci = OCI.exec(url)?.groups;
  if (oci !== undefined) {
    const name = encode(oci.name?.toLowerCase().replace(/:.*$/, ""));
    return `pkg:oci/${name}@${encode(oci.digest)}?repository_url=${encode(oci.repository?.replace(/:[^:/]*$/, ""))}`;
  }
  const github = (GIT.exec(url) ?? GITHUB_FILE.exec(url))?.groups;
  if (github === undefined) return undefined;
  const version = commit ?? github.tag ?? github.ref;
  // Of this type, the specification wants owner and name in lower case.
  const name = `${encode(github.owner)}/${encode(github.name)}`.toLowerCase();
  return `pkg:github/${name}${version === undefined ? "" : `@${encode(decode(version))}`}`;
}

function encode(text = ""): string {
  // The characters that stand for themselves, and the colon.
  return encodeURIComponent(text)
    .replaceAll("%3A", ":")
    .replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`);
}

function encodePath(text = ""): string {
  return text.split("/").map(encode).join("/");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
