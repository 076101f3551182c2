/**
 * `sbom.cdx.json`: what a release consists of, as programs that look for vulnerabilities read it. It follows from the
 * release manifest, so it is made whenever it is asked for and says nothing that the manifest does not.
 *
 * CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/
 */

import { releaseName } from "./names.ts";
import { packageUrl } from "./package-url.ts";
import type { DownloadRecord, ReleaseManifest } from "./release-manifest.ts";

export const SBOM_FILE = "sbom.cdx.json";

export function sbomOf(manifest: ReleaseManifest) {
  const { extension, version, images, provenance } = manifest;
  const name = releaseName(manifest);
  const components = [
    ...provenance.downloads.map(componentOf),
    ...Object.entries(provenance.bundled).map(([bundle, of]) => ({
      type: "application",
      "bom-ref": `bundled:${bundle}`,
      name: bundle,
      version: of,
    })),
  ];
  const refs = [...new Set(components.map((one) => one["bom-ref"]))];
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(images[0]?.sha256 ?? "")}`,
    version: 1,
    metadata: {
      timestamp: provenance.builtAt,
      component: {
        type: "application",
        "bom-ref": name,
        name: extension,
        version,
        components: images.map(({ file, sha256 }) => ({
          type: "file",
          "bom-ref": file,
          name: file,
          hashes: [hash(sha256)],
        })),
      },
    },
    components: refs.map((ref) => components.find((one) => one["bom-ref"] === ref)),
    dependencies: [{ ref: name, dependsOn: refs }],
    // That nothing is listed does not mean that nothing is in it.
    ...(provenance.imported !== undefined && { compositions: [{ aggregate: "unknown", assemblies: [name] }] }),
  };
}

function componentOf(download: DownloadRecord) {
  const { url, sha256, verifiedBy, reason } = download;
  const purl = packageUrl(download);
  const isPage = /^https?:/.test(url);
  return {
    type: "file",
    // Both architectures have some in common, and some have one name and other bytes.
    "bom-ref": `${url}#${sha256}`,
    name: url.slice(url.lastIndexOf("/") + 1) || url,
    hashes: [hash(sha256)],
    ...(purl !== undefined && { purl }),
    ...(isPage && { externalReferences: [{ type: "distribution", url }] }),
    properties: [
      { name: "sysext-bakery:verifiedBy", value: verifiedBy },
      ...(reason === undefined ? [] : [{ name: "sysext-bakery:reason", value: reason }]),
    ],
  };
}

function hash(sha256: string) {
  return { alg: "SHA-256", content: sha256 };
}

/** RFC 9562 section 5.8: of version 8, which leaves open what it is made of; so the same release has the same one. */
function uuidOf(sha256: string): string {
  const variant = ((Number.parseInt(sha256.charAt(16), 16) & 0b11) | 0b1000).toString(16);
  const parts = [
    sha256.slice(0, 8),
    sha256.slice(8, 12),
    `8${sha256.slice(13, 16)}`,
    variant + sha256.slice(17, 20),
    sha256.slice(20, 32),
  ];
  return parts.join("-");
}
