/**
 * `provenance.intoto.json`: who made a release's images, of what, as verifiers of supply chains read it. It follows from
 * the release manifest. It is not signed by itself: of a release that was published with GitHub's token, the bakery has
 * verified who that was; the images it names are those of the signed index.
 *
 * in-toto Statement v1, https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 * SLSA provenance v1, https://slsa.dev/spec/v1.0/provenance
 */
import type { Publisher, ReleaseManifest } from "./release-manifest.ts";

export const PROVENANCE_FILE = "provenance.intoto.json";
/** What `externalParameters` mean: the fields of a recipe, ARCHITECTURE.md. */
const BUILD_TYPE = "urn:sysext-bakery:bake:v1";
/** Made by another bakery, of what and how nobody has said. */
const IMPORT_TYPE = "urn:sysext-bakery:import:v1";
/** A builder about which nothing is verified: whoever held the token, or the key. */
const UNKNOWN_BUILDER = "urn:sysext-bakery:builder:unverified";

export function provenanceStatementOf({ extension, version, images, provenance, publisher }: ReleaseManifest) {
  const { builtAt, bundled, options, downloads, builds, commit, imported } = provenance;
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: images.map(({ file, sha256 }) => ({ name: file, digest: { sha256 } })),
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: imported === undefined ? BUILD_TYPE : IMPORT_TYPE,
        externalParameters: { extension, version, bundled, ...(options !== undefined && { options }), ...imported },
        internalParameters: {
          ...(imported === undefined && {
            inputsDigests: Object.fromEntries(images.map(({ arch, inputsDigest }) => [arch, inputsDigest])),
          }),
          ...(builds !== undefined && { builds }),
        },
        resolvedDependencies: [
          ...recipeSource(commit, publisher),
          ...downloads.map(({ url, sha256, verifiedBy, commit: tagged }) => ({
            uri: url,
            digest: { sha256, ...(tagged !== undefined && { gitCommit: tagged }) },
            annotations: { verifiedBy },
          })),
        ],
      },
      runDetails: {
        builder: { id: builderOf(publisher) },
        metadata: {
          ...(publisher?.kind === "github-actions" && { invocationId: publisher.run }),
          finishedOn: builtAt,
        },
      },
    },
  };
}

function recipeSource(commit: string | undefined, publisher: Publisher | undefined) {
  if (commit === undefined) return [];
  const uri =
    publisher?.kind === "github-actions" ? { uri: `git+${serverOf(publisher)}/${publisher.repository}@${commit}` } : {};
  return [{ name: "recipes", ...uri, digest: { gitCommit: commit } }];
}

/** SLSA wants who is trusted: the workflow, of which GitHub vouches that it ran. */
function builderOf(publisher: Publisher | undefined): string {
  return publisher?.kind === "github-actions" ? `${serverOf(publisher)}/${publisher.workflow}` : UNKNOWN_BUILDER;
}

/** `https://github.com`, or the instance whose run it was: the run is at `<server>/<repository>/actions/…`. */
function serverOf({ run, repository }: Extract<Publisher, { kind: "github-actions" }>): string {
  const [server = ""] = run.split(`/${repository}/actions/`);
  return server;
}
