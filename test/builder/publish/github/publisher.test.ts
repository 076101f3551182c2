/** The github publisher: the reference's releases, whole at every moment but one request. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePublicPath, storageKey } from "../../../../schema/index.ts";
import { localBakery } from "../../../support/local-bakery.ts";
import { sha256 } from "../../../support/sha256.ts";
import { GithubStandIn, REPOSITORY } from "../../../support/upstreams/github-releases.ts";
import { publisherContract } from "../publisher.contract.ts";
import { conf, using } from "./site.ts";

publisherContract("GitHub", async () => {
  const github = await GithubStandIn.open();
  const read = async (path: string) => {
    const found = parsePublicPath(path);
    return found && github.download(storageKey(found.at));
  };
  return { to: `github:${REPOSITORY}`, env: github.env, read };
});

const RELEASES = "/api/repos/acme/bakery/releases";
const UPLOAD = (file: string) => new RegExp(`^POST /api/uploads/.*name=${file}`);

describe("releases on GitHub", () => {
  it("makes the reference's releases: files, index of the extension, global index, which is the latest", () =>
    using(async (site) => {
      await site.publish(await site.release("1.32.2+k3s1"));
      expect(site.github.repository.releases.map(({ tag }) => tag).sort()).toEqual([
        "SHA256SUMS",
        "noop",
        "tool",
        "tool-1.32.2+k3s1",
      ]);
      expect(site.github.repository.files("tool-1.32.2+k3s1")).toEqual([
        "SHA256SUMS",
        "provenance.intoto.json",
        "release.json",
        "sbom.cdx.json",
        "tool-1.32.2+k3s1-x86-64.raw",
        "tool.conf",
      ]);
      expect(site.github.repository.files("tool")).toEqual(["SHA256SUMS", "releases.json", "tool.conf"]);
      expect(site.github.repository.latest).toBe("SHA256SUMS");
      expect(site.github.repository.find("tool-1.32.2+k3s1")?.body).toContain("```\n");
    }));

  it("keeps the lines of a bakery that the reference's tools have filled, and makes no inventory of a part", () =>
    using(async (site) => {
      site.addReference(["1.10.0", "1.0.0"]);
      await site.publish(await site.release("1.2.0"));
      expect(await site.versions()).toEqual(["tool-1.10.0", "tool-1.2.0", "tool-1.0.0"]);
      expect(await site.versions("SHA256SUMS")).toEqual(["other-1.0.0", ...(await site.versions())]);
      expect(site.github.repository.files("tool")).toEqual(["SHA256SUMS", "tool.conf"]);
      // Not the newest one: the transfer file stays.
      expect((await site.github.download("tool/tool.conf"))?.toString()).toBe(conf("old"));
      expect((await site.github.download("noop/noop.conf"))?.toString()).toBe("by hand");
    }));

  it.each([
    ["unsigned", 1],
    ["signed", 250],
  ])("costs eight requests of metadata, %s and beside %i releases", (kind, count) =>
    using(async (site) => {
      if (kind === "signed") await site.sign();
      const versions = Array.from({ length: count }, (_, at) => `1.0.${count - at}`);
      for (const version of versions)
        site.github.repository.add(`other-${version}`, { [`other-${version}-x86-64.raw`]: "x" });
      await site.publish(await site.release("1.0.0"));
      site.github.take();
      await site.publish(await site.release("2.0.0"));
      const asked = site.github.take().filter((request) => !request.startsWith("POST /api/uploads/"));
      expect(asked.map((request) => request.replace(RELEASES, "").replace(/[0-9]+$/, "1"))).toEqual([
        "GET /tags/tool",
        "GET /tags/SHA256SUMS",
        // The release's own
        ...["GET /tags/tool-2.0.1", "GET ?per_page=1", "POST ", "PATCH /1"],
        ...["POST ", "DELETE /1", "PATCH /1"],
        ...["POST ", "DELETE /1", "PATCH /1"],
      ]);
    }),
  );

  it("reads a private repository through the API, and keeps transfer files of older releases", () =>
    using(async (site) => {
      await site.sign();
      await site.publish(await site.release("1.0.0"));
      site.github.repository.find("tool")?.assets.push(...(site.github.repository.find("noop")?.assets ?? []));
      site.github.isPrivate = true;
      site.github.take();
      await site.publish(await site.release("2.0.0"));
      const reads = site.github.take().filter((request) => request.startsWith(`GET ${RELEASES}/assets/`));
      site.github.isPrivate = false;
      expect(await site.versions("SHA256SUMS")).toEqual(["tool-2.0.0", "tool-1.0.0"]);
      expect(site.github.repository.files("tool")).toContain("noop.conf");
      // Inventory, global index, the signatures of both indexes, and the file that stays
      expect(reads).toHaveLength(5);
    }));

  it("takes up the draft of a killed run: what is whole stays, halves go", () =>
    using(async (site) => {
      const path = await site.release("1.0.0", "tool", { arches: ["x86-64", "arm64"] });
      const image = await readFile(join(dirname(path), "tool-1.0.0-x86-64.raw"));
      const files = { "tool-1.0.0-x86-64.raw": image, "tool-1.0.0-arm64.raw": "x" };
      site.github.repository.add("tool-1.0.0", files, { draft: true });
      const draft = site.github.repository.releases[0];
      Object.assign(draft?.assets[1] ?? {}, { state: "starter" });
      await site.publish(path);
      expect(site.github.repository.find("tool-1.0.0")?.id).toBe(draft?.id);
      expect(site.github.take().filter((request) => UPLOAD("tool-1.0.0-x86-64.raw").test(request))).toEqual([]);
      expect(await site.checkIndexes()).toEqual([]);
    }));

  it.each(["stranger", "SHA256SUMS", "tool.conf", "tool-1.0.0-x86-64.raw", "release.json", "sbom.cdx.json"])(
    "leaves a draft with a %s of other bytes, and takes it away when the release is published",
    (file) =>
      using(async (site) => {
        site.github.repository.add("tool-1.0.0", { [file]: "x" }, { draft: true });
        const draft = site.github.repository.releases[0];
        await site.publish(await site.release("1.0.0"));
        expect(site.github.repository.releases.some(({ id }) => id === draft?.id)).toBe(false);
        expect(await site.checkIndexes()).toEqual([]);
      }),
  );

  it("completes a published release that lacks files, and replaces none", () =>
    using(async (site) => {
      const path = await site.release("1.0.0");
      site.github.repository.add("tool-1.0.0", { SHA256SUMS: "as it was\n" });
      await site.publish(path);
      expect((await site.github.download("tool-1.0.0/SHA256SUMS"))?.toString()).toBe("as it was\n");
      expect(await site.checkIndexes()).toEqual([]);
      expect(site.github.take().filter((request) => request.startsWith("DELETE"))).toEqual([]);
    }));

  it.each([
    ["an image with other bytes", { "tool-1.0.0-x86-64.raw": "other" }],
    ["an image more", { "tool-1.0.0-arm64.raw": "other" }],
    ["another manifest", { "release.json": "{}" }],
  ])("refuses %s, and changes nothing", (_, files) =>
    using(async (site) => {
      site.github.repository.add("tool-1.0.0", files);
      const before = structuredClone(site.github.repository.releases);
      await expect(site.publish(await site.release("1.0.0"))).rejects.toThrow(/published already|release manifest/);
      expect(site.github.repository.releases).toEqual(before);
    }),
  );

  it("holds assets from before there were digests against their bytes", () =>
    using(async (site) => {
      await site.publish(await site.release("1.0.0"));
      for (const { assets } of site.github.repository.releases) for (const asset of assets) asset.hasDigest = false;
      expect(await site.publish(await site.release("1.0.0"))).toEqual([]);
      await expect(site.publish(await site.release("1.0.0", "tool", { seed: "x" }))).rejects.toThrow(
        "published already",
      );
    }));
});

it("a bakery of the worker in front of it serves the same", () =>
  using(async (site) => {
    await site.publish(await site.release("1.0.0"));
    const vars = { GITHUB_REPOSITORY: REPOSITORY, GITHUB_SERVER_URL: site.github.serverUrl };
    const bakery = await localBakery({ vars });
    try {
      const index = await fetch(`${bakery.url}/extensions/tool/SHA256SUMS`);
      expect(await index.text()).toBe(await site.index());
      const image = await fetch(`${bakery.url}/extensions/tool/tool-1.0.0-x86-64.raw`);
      expect(sha256(Buffer.from(await image.arrayBuffer()))).toBe((await site.index()).slice(0, 64));
    } finally {
      await bakery.stop();
    }
  }));
