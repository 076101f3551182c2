/** Documents that follow from a release manifest, for programs that know these forms and not ours. */
import { PROVENANCE_FILE, provenanceStatementOf } from "./provenance-statement.ts";
import type { ReleaseManifest } from "./release-manifest.ts";
import { SBOM_FILE, sbomOf } from "./sbom.ts";

/** By file name, each as its text. They lie beside `release.json`. */
export const RELEASE_DOCUMENTS: Readonly<Record<string, (manifest: ReleaseManifest) => string>> = {
  [SBOM_FILE]: (manifest) => text(sbomOf(manifest)),
  [PROVENANCE_FILE]: (manifest) => text(provenanceStatementOf(manifest)),
};

function text(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
