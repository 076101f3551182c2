/** Profiles: every recipe of this repository makes one, and says where people look for it. */
import { describe, expect, it } from "vitest";
import { Catalog, type Extension } from "../../../builder/catalog.ts";
import type { HostSetup } from "../../../builder/recipe/host.ts";
import { profileOf } from "../../../builder/release/extension-profile.ts";

const RELEASE = { version: "1.0.0", transfers: [], provenance: { downloads: [] } };
const SHA256 = "a".repeat(64);
const extensions = await new Catalog().all();

describe("the profile of", () => {
  it.each(extensions.map((extension) => [extension.name, extension] as const))(
    "%s has its README without configurations, and a kind",
    async (name, extension) => {
      const profile = await profileOf(extension, RELEASE);
      expect(profile).toMatchObject({ extension: name, version: "1.0.0", description: extension.recipe.description });
      expect(profile.kind).toBeDefined();
      expect(profile.readme).toMatch(new RegExp(`^# ${name}\n`));
      expect(profile.readme).not.toMatch(/butane|variant: flatcar/);
    },
  );

  it("vault says what a machine does when a newer version has come", async () => {
    const vault = extensions.find(({ name }) => name === "vault") as Extension;
    expect((await profileOf(vault, RELEASE)).host).toEqual({ activation: { restart: ["vault.service"] } });
  });

  it("a release says how it was verified, and which transfer files it has; an imported one does not know the first", async () => {
    const kubernetes = extensions.find(({ name }) => name === "kubernetes") as Extension;
    const transfer = (file: string) => ({ file, sha256: SHA256, matchPattern: "kubernetes-@v-%a.raw" });
    const downloads = [{ url: "https://example.org", sha256: SHA256, size: 1, verifiedBy: "checksum-file" as const }];
    const own = { version: "v1.34.1", transfers: [transfer("kubernetes-v1.34.conf")], provenance: { downloads } };
    expect(await profileOf(kubernetes, own)).toMatchObject({
      verifiedBy: ["checksum-file"],
      transfers: ["patch-level"],
    });
    const imported = {
      version: "v1.34.1",
      transfers: ["kubernetes.conf", "kubernetes-v1.33.conf"].map(transfer),
      provenance: { downloads: [], imported: { from: "https://example.org" } },
    };
    const profile = await profileOf(kubernetes, imported);
    expect([profile.verifiedBy, profile.transfers]).toEqual([undefined, ["every-version"]]);
  });
});

it.each<[HostSetup, string]>([
  [{ files: [{ path: "/etc/../shadow", text: "" }] }, "host.files[0].path"],
  [{ mask: ["x.service; reboot"] }, "host.mask[0]"],
  [{ links: [{ path: "/etc/x", target: "$(reboot)" }] }, "host.links[0].target"],
  [{ users: [{ name: "root:0" }] }, "host.users[0].name"],
])("what would be misread in a configuration is refused: %j", async (host, field) => {
  const [any] = extensions as [Extension];
  const extension = { ...any, recipe: { ...any.recipe, host } };
  await expect(profileOf(extension, RELEASE)).rejects.toMatchObject({
    message: `the recipe of ${any.name} has what no profile can have`,
    details: { field: expect.stringContaining(`${field}: `) },
  });
});
