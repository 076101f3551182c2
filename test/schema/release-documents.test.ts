/** What follows from a release manifest: its SBOM, by CycloneDX's own schema, and its provenance statement. */
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { describe, expect, it } from "vitest";
import { parseReleaseManifest, RELEASE_DOCUMENTS, type ReleaseManifest } from "../../schema/index.ts";
import { packageUrl } from "../../schema/package-url.ts";
import { readFixture } from "./fixture.ts";

const SHA256 = "d".repeat(64);
const manifest = parseReleaseManifest(readFixture("release.json"));
const PUBLISHER = {
  kind: "github-actions",
  repository: "example/bakery",
  repositoryOwnerId: "1",
  ref: "refs/heads/main",
  commit: "c".repeat(40),
  workflow: "example/bakery/.github/workflows/release.yml@refs/heads/main",
  run: "https://github.com/example/bakery/actions/runs/7/attempts/1",
} as const;

const document = (file: string, of: ReleaseManifest = manifest) => JSON.parse(RELEASE_DOCUMENTS[file]?.(of) ?? "");

function withDownloads(...urls: string[]): ReleaseManifest {
  const downloads = urls.map((url) => ({ url, sha256: SHA256, size: 1, verifiedBy: "apt-archive" as const }));
  return { ...manifest, provenance: { ...manifest.provenance, downloads } };
}

const FROM = "https://github.com/example/bakery/releases/tag/kubernetes-v1.32.2";
const imported = parseReleaseManifest({
  ...manifest,
  images: manifest.images.map(({ inputsDigest, ...image }) => image),
  provenance: { builtAt: manifest.provenance.builtAt, imported: { from: FROM }, bundled: {}, downloads: [] },
});

describe("of a release that was imported", () => {
  it("the documents do not say that it was baked here, or that nothing is in it", () => {
    const { predicate } = document("provenance.intoto.json", imported);
    expect(predicate.buildDefinition).toEqual({
      buildType: "urn:sysext-bakery:import:v1",
      externalParameters: { extension: "kubernetes", version: "v1.32.2", bundled: {}, from: FROM },
      internalParameters: {},
      resolvedDependencies: [],
    });
    expect(document("sbom.cdx.json", imported).compositions).toEqual([
      { aggregate: "unknown", assemblies: ["kubernetes-v1.32.2"] },
    ]);
  });
});

describe("the SBOM", () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

  it.each<[string, ReleaseManifest]>([
    ["of the example", manifest],
    [
      "of packages, images and repositories",
      withDownloads(
        "npm:@cloudflare/workerd-linux-64@1.2026.1",
        "deb:htop_3.4.1-5_amd64",
        `oci:docker.io/library/alpine@sha256:${SHA256}`,
        "git+https://gitlab.nic.cz/labs/bird.git#v3.1.2",
      ),
    ],
    ["of the same download twice", withDownloads("https://example.org/a", "https://example.org/a")],
    ["of nothing but files of its own", withDownloads()],
    ["of what was imported", imported],
  ])("is one by CycloneDX's schema: %s", async (_, of) => {
    expect(await validator.validate(RELEASE_DOCUMENTS["sbom.cdx.json"]?.(of) ?? "")).toBeNull();
  });

  it("has the images with their hashes, each download with how it was verified, and what is bundled", () => {
    const { metadata, components, dependencies } = document("sbom.cdx.json");
    expect(metadata.component).toMatchObject({ name: "kubernetes", version: "v1.32.2" });
    expect(
      metadata.component.components.map(({ name, hashes }: { name: string; hashes: unknown }) => [name, hashes]),
    ).toEqual(manifest.images.map(({ file, sha256 }) => [file, [{ alg: "SHA-256", content: sha256 }]]));
    const { downloads } = manifest.provenance;
    expect(components).toMatchObject([
      ...downloads.map(({ url, sha256, verifiedBy }) => ({
        hashes: [{ content: sha256 }],
        externalReferences: [{ url }],
        properties: expect.arrayContaining([{ name: "sysext-bakery:verifiedBy", value: verifiedBy }]),
      })),
      { name: "cni", version: "v1.6.2" },
    ]);
    expect(components[1].properties).toContainEqual({ name: "sysext-bakery:reason", value: downloads[1]?.reason });
    expect(dependencies).toEqual([
      { ref: "kubernetes-v1.32.2", dependsOn: components.map((it: { "bom-ref": string }) => it["bom-ref"]) },
    ]);
  });

  it("is the same whenever it is made, and another one for another release", () => {
    const [image, ...rest] = manifest.images;
    const other = { ...manifest, images: [{ ...image, sha256: SHA256 }, ...rest] } as ReleaseManifest;
    expect(document("sbom.cdx.json").serialNumber).toBe(document("sbom.cdx.json").serialNumber);
    expect(document("sbom.cdx.json", other).serialNumber).not.toBe(document("sbom.cdx.json").serialNumber);
  });
});

describe("package URLs", () => {
  it.each([
    ["npm:@cloudflare/workerd-linux-64@1.2026.1", "pkg:npm/%40cloudflare/workerd-linux-64@1.2026.1"],
    ["npm:left-pad@1.0.0", "pkg:npm/left-pad@1.0.0"],
    ["deb:libc6_2.41-12+deb13u1_arm64", "pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=arm64"],
    [
      `oci:docker.io/library/alpine@sha256:${SHA256}`,
      `pkg:oci/alpine@sha256:${SHA256}?repository_url=docker.io%2Flibrary%2Falpine`,
    ],
    [
      "https://github.com/Docker/compose/releases/download/v2.34.0/docker-compose-linux-x86_64",
      "pkg:github/docker/compose@v2.34.0",
    ],
    ["https://github.com/k3s-io/k3s/releases/download/v1.32.2%2Bk3s1/k3s", "pkg:github/k3s-io/k3s@v1.32.2%2Bk3s1"],
    ["https://github.com/chrony/chrony/archive/refs/tags/4.6.1.tar.gz", "pkg:github/chrony/chrony@4.6.1"],
    ["git+https://github.com/acassen/keepalived.git#v2.3.1", "pkg:github/acassen/keepalived@v2.3.1"],
    ["https://dl.k8s.io/v1.32.2/bin/linux/arm64/kubelet", undefined],
    ["https://github.com/example/tool/raw/main/tool", undefined],
  ])("name what is at %s", (url, expected) => {
    expect(packageUrl({ url })).toBe(expected);
  });

  it("name the commit of a tag, for tags move", () => {
    const commit = "a".repeat(40);
    expect(packageUrl({ url: "git+https://github.com/acassen/keepalived.git#v2.3.1", commit })).toBe(
      `pkg:github/acassen/keepalived@${commit}`,
    );
  });
});

describe("the provenance statement", () => {
  it("is in-toto's, about the images, and has every download among what they were made of", () => {
    const statement = document("provenance.intoto.json");
    expect(statement).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      predicateType: "https://slsa.dev/provenance/v1",
      subject: manifest.images.map(({ file, sha256 }) => ({ name: file, digest: { sha256 } })),
    });
    const { buildDefinition, runDetails } = statement.predicate;
    expect(buildDefinition.externalParameters).toEqual({
      extension: "kubernetes",
      version: "v1.32.2",
      bundled: { cni: "v1.6.2" },
    });
    expect(buildDefinition.resolvedDependencies).toEqual([
      { name: "recipes", digest: { gitCommit: manifest.provenance.commit } },
      ...manifest.provenance.downloads.map(({ url, sha256, verifiedBy }) => ({
        uri: url,
        digest: { sha256 },
        annotations: { verifiedBy },
      })),
    ]);
    expect(runDetails.metadata.finishedOn).toBe(manifest.provenance.builtAt);
  });

  it("says of a run on another instance of GitHub that it was there", () => {
    const run = PUBLISHER.run.replace("https://github.com", "https://github.example.org");
    const { predicate } = document("provenance.intoto.json", { ...manifest, publisher: { ...PUBLISHER, run } });
    expect(predicate.runDetails.builder.id).toBe(`https://github.example.org/${PUBLISHER.workflow}`);
    expect(JSON.stringify(predicate)).toContain("git+https://github.example.org/example/bakery@");
  });

  it("names the workflow as the builder only where a bakery has verified it", () => {
    const of = (it: ReleaseManifest) => document("provenance.intoto.json", it).predicate;
    expect(of(manifest).runDetails.builder.id).toMatch(/unverified$/);
    expect(of({ ...manifest, publisher: { kind: "token", token: "0".repeat(16) } }).runDetails.builder.id).toMatch(
      /unverified$/,
    );
    const verified = of({ ...manifest, publisher: PUBLISHER });
    expect(verified.runDetails).toMatchObject({
      builder: { id: `https://github.com/${PUBLISHER.workflow}` },
      metadata: { invocationId: PUBLISHER.run },
    });
    expect(verified.buildDefinition.resolvedDependencies[0].uri).toBe(
      `git+https://github.com/example/bakery@${manifest.provenance.commit}`,
    );
  });
});
