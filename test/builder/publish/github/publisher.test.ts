/** The github publisher: the reference's releases, whole at every moment but one request. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { json } from "itty-router";
import { describe, expect, it } from "vitest";
import { openRelease } from "../../../../builder/publish/publisher.ts";
import { SigningKey } from "../../../../builder/signing/signing-key.ts";
import { parseInventory, parsePublicPath, storageKey } from "../../../../schema/index.ts";
import { localBakery } from "../../../support/local-bakery.ts";
import { sha256 } from "../../../support/sha256.ts";
import { GithubStandIn, REPOSITORY, TOKEN } from "../../../support/upstreams/github-releases.ts";
import { publisherContract } from "../publisher.contract.ts";
import { GithubSite } from "./site.ts";

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
const conf = (version: string) => `[Transfer]\n# of ${version}\n`;

async function using(test: (site: GithubSite) => Promise<void>): Promise<void> {
  await using site = await GithubSite.open();
  await test(site);
}

/** Releases as the reference makes them: no manifest, no inventory. */
function addReference(site: GithubSite, versions: readonly string[], more: { hasDigest?: boolean } = {}): void {
  const lines = versions.map((version) => `${sha256(`image ${version}`)}  tool-${version}-x86-64.raw\n`);
  for (const [at, version] of versions.entries()) {
    site.github.add(`tool-${version}`, {
      [`tool-${version}-x86-64.raw`]: `image ${version}`,
      SHA256SUMS: lines[at] ?? "",
      "tool.conf": conf(version),
    });
  }
  site.github.add("tool", { SHA256SUMS: lines.join(""), "tool.conf": conf("old") });
  site.github.add("SHA256SUMS", { SHA256SUMS: `${"e".repeat(64)}  other-1.0.0-x86-64.raw\n${lines.join("")}` });
  site.github.add("noop", { "noop.conf": "by hand" });
  for (const { assets } of site.github.releases) for (const asset of assets) asset.hasDigest = more.hasDigest ?? true;
}

describe("releases on GitHub", () => {
  it("makes the reference's releases: files, index of the extension, global index, which is the latest", () =>
    using(async (site) => {
      await site.publish(await site.release("1.32.2+k3s1"));
      expect(site.github.releases.map(({ tag }) => tag).sort()).toEqual([
        "SHA256SUMS",
        "noop",
        "tool",
        "tool-1.32.2+k3s1",
      ]);
      expect(site.github.files("tool-1.32.2+k3s1")).toEqual([
        "SHA256SUMS",
        "provenance.intoto.json",
        "release.json",
        "sbom.cdx.json",
        "tool-1.32.2+k3s1-x86-64.raw",
        "tool.conf",
      ]);
      expect(site.github.files("tool")).toEqual(["SHA256SUMS", "releases.json", "tool.conf"]);
      expect(site.github.latest).toBe("SHA256SUMS");
      expect(site.github.find("tool-1.32.2+k3s1")?.body).toContain("```\n");
    }));

  it("keeps the lines of a bakery that the reference's tools have filled, and makes no inventory of a part", () =>
    using(async (site) => {
      addReference(site, ["1.10.0", "1.0.0"]);
      await site.publish(await site.release("1.2.0"));
      expect(await site.versions()).toEqual(["tool-1.10.0", "tool-1.2.0", "tool-1.0.0"]);
      expect(await site.versions("SHA256SUMS")).toEqual(["other-1.0.0", ...(await site.versions())]);
      expect(site.github.files("tool")).toEqual(["SHA256SUMS", "tool.conf"]);
      // Not the newest one: the transfer file stays.
      expect((await site.github.download("tool/tool.conf"))?.toString()).toBe(conf("old"));
      expect((await site.github.download("noop/noop.conf"))?.toString()).toBe("by hand");
    }));

  it.each([1, 250])("costs ten requests of metadata beside %i releases", (count) =>
    using(async (site) => {
      const versions = Array.from({ length: count }, (_, at) => `1.0.${count - at}`);
      for (const version of versions) site.github.add(`other-${version}`, { [`other-${version}-x86-64.raw`]: "x" });
      await site.publish(await site.release("1.0.0"));
      site.github.take();
      await site.publish(await site.release("2.0.0"));
      const asked = site.github.take().filter((request) => !request.startsWith("POST /api/uploads/"));
      const ofRelease = ["/tags/tool-2.0.0", `GET ${RELEASES}?`, `POST ${RELEASES}`, `PATCH ${RELEASES}/`];
      const [first, ...metadata] = asked;
      expect(first).toBe(`GET ${RELEASES}/tags/tool`);
      const own = metadata.filter((request) =>
        ofRelease.some((part) => request.includes(part) && !/assets\//.test(request)),
      );
      expect(own).toHaveLength(4);
      expect(asked.length - own.length).toBe(10);
    }),
  );

  it("takes up the draft of a killed run: what is whole stays, halves and strangers go", () =>
    using(async (site) => {
      const path = await site.release("1.0.0", "tool", { arches: ["x86-64", "arm64"] });
      const image = await readFile(join(dirname(path), "tool-1.0.0-x86-64.raw"));
      const files = { "tool-1.0.0-x86-64.raw": image, "tool.conf": "half", "tool-1.0.0-arm64.raw": "x", stranger: "x" };
      site.github.add("tool-1.0.0", files, { draft: true });
      const draft = site.github.releases[0];
      Object.assign(draft?.assets[2] ?? {}, { state: "starter" });
      await site.publish(path);
      expect(site.github.find("tool-1.0.0")?.id).toBe(draft?.id);
      expect(site.github.take().filter((request) => UPLOAD("tool-1.0.0-x86-64.raw").test(request))).toEqual([]);
      expect(site.github.files("tool-1.0.0")).not.toContain("stranger");
      expect(await site.checkIndexes()).toEqual([]);
    }));

  it("completes a published release that lacks files, and replaces none", () =>
    using(async (site) => {
      const path = await site.release("1.0.0");
      site.github.add("tool-1.0.0", { SHA256SUMS: "as it was\n" });
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
      site.github.add("tool-1.0.0", files);
      const before = structuredClone(site.github.releases);
      await expect(site.publish(await site.release("1.0.0"))).rejects.toThrow(/published already|release manifest/);
      expect(site.github.releases).toEqual(before);
    }),
  );

  it("holds assets from before there were digests against their bytes", () =>
    using(async (site) => {
      await site.publish(await site.release("1.0.0"));
      for (const { assets } of site.github.releases) for (const asset of assets) asset.hasDigest = false;
      expect(await site.publish(await site.release("1.0.0"))).toEqual([]);
      await expect(site.publish(await site.release("1.0.0", "tool", { seed: "x" }))).rejects.toThrow(
        "published already",
      );
    }));
});

describe("while GitHub fails", () => {
  it.each([
    ["a 502 that leaves half an asset", "starter"],
    ["other bytes than were sent", "garbled"],
    ["an answer that is lost", "lost"],
    ["a 500", 500],
  ] as const)("%s is made good, for each upload", (_, fault) =>
    using(async (site) => {
      for (const file of ["tool-1.0.0-x86-64.raw", "release.json", "SHA256SUMS.next", "releases.json.next"])
        site.github.fail(UPLOAD(file), fault);
      await site.publish(await site.release("1.0.0"));
      expect(await site.checkIndexes()).toEqual([]);
      const names = site.github.releases.flatMap(({ tag }) => site.github.files(tag));
      expect(names.filter((name) => name.includes(".next-"))).toEqual([]);
    }),
  );

  it.each(["GET", "POST .*/releases$", "PATCH", "DELETE"])("answers to %s that are lost are made good", (request) =>
    using(async (site) => {
      await site.publish(await site.release("1.0.0"));
      for (let times = 0; times < 2; times += 1) site.github.fail(new RegExp(`^${request}`), "lost");
      await site.publish(await site.release("1.2.0"));
      expect(await site.checkIndexes()).toEqual([]);
      expect(await site.versions("SHA256SUMS")).toEqual(["tool-1.2.0", "tool-1.0.0"]);
      expect(site.github.releases.filter(({ tag }) => tag === "tool-1.2.0")).toHaveLength(1);
    }),
  );

  it("secondary limits are waited out, for writes too", () =>
    using(async (site) => {
      const message = json({ message: "You have exceeded a secondary rate limit" }, { status: 403 });
      site.github.fail(/^POST .*releases$/, () => message);
      site.github.fail(UPLOAD("tool.conf"), () => new Response("{}", { status: 429, headers: { "retry-after": "7" } }));
      await site.publish(await site.release("1.0.0"));
      expect(site.waits).toEqual([60_000, 7_000]);
    }));

  it("a limit that is used up is an error that says until when, and the next run goes on", () =>
    using(async (site) => {
      const path = await site.release("1.0.0");
      const reset = Math.ceil(Date.now() / 1000) + 3_600;
      site.github.limit = { remaining: 8, reset };
      const until = new Date(reset * 1000).toISOString();
      await expect(site.publish(path)).rejects.toThrow(`rate limit used up until ${until}`);
      site.github.limit = undefined;
      await site.publish(path);
      expect(await site.checkIndexes()).toEqual([]);
    }));

  it("a token without rights is told what it lacks, and never shown", () =>
    using(async (site) => {
      const path = await site.release("1.0.0");
      const publish = (token: string) =>
        site.workplace.run(["publish", path, "--to", `github:${REPOSITORY}`], {
          ...site.github.env,
          GITHUB_TOKEN: token,
        });
      const wrong = await publish("ghs_secret");
      expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringContaining("permissions: contents: write")]);
      expect(wrong.stderr).not.toContain("ghs_secret");
      site.github.mayWrite = false;
      expect((await publish(TOKEN)).stderr).toContain(`does not let the token publish to ${REPOSITORY}`);
      expect(await publish("")).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("no token for github:") });
      expect(site.github.releases).toEqual([]);
    }));

  it("uploads to a strange server are refused, for that would get the token", () =>
    using(async (site) => {
      site.github.strayUploads = "https://uploads.example.org";
      await expect(site.publish(await site.release("1.0.0"))).rejects.toThrow("uploaded to another server");
    }));

  it("what is too large for GitHub is refused before anything is sent", () =>
    using(async (site) => {
      const path = await site.release("1.0.0");
      const release = await openRelease(path);
      const images = release.manifest.images.map((image) => ({ ...image, size: 2 * 1024 ** 3 }));
      const large = { ...release, manifest: { ...release.manifest, images } };
      await expect(site.publisher().publish(large)).rejects.toThrow("tool-1.0.0-x86-64.raw is too large for GitHub");
      expect(site.github.take()).toEqual([]);
    }));

  it("metadata that is damaged or immutable is an error, and nothing is sent", () =>
    using(async (site) => {
      site.github.add("tool", { SHA256SUMS: "not an index\n" });
      await expect(site.publish(await site.release("1.0.0"))).rejects.toThrow("invalid SHA256SUMS");
      site.github.releases = [];
      await site.publish(await site.release("1.0.0"));
      site.github.isImmutable = true;
      await expect(site.publish(await site.release("1.2.0"))).rejects.toThrow("the release tool is immutable");
      expect(site.github.find("tool-1.2.0")).toBeUndefined();
    }));

  it("a signed bakery is not published to without a key", () =>
    using(async (site) => {
      const key = await SigningKey.open(await SigningKey.generate({ name: "x", email: "x@example.org" }));
      site.signing = { key, trusted: key.keyring };
      await site.publish(await site.release("1.0.0"));
      expect(site.github.files("keys")).toEqual(["import-pubring.gpg", "import-pubring.pgp"]);
      site.signing = undefined;
      await expect(site.publish(await site.release("1.2.0"))).rejects.toThrow("there is no key to sign the next one");
    }));
});

describe("reindex on GitHub", () => {
  const reindex = ({ workplace, github }: GithubSite) =>
    workplace.run(["reindex", "tool", "--to", `github:${REPOSITORY}`], github.env);

  it.each([true, false])("makes metadata from all releases, whatever it says; digests stated: %s", (hasDigest) =>
    using(async (site) => {
      addReference(site, ["1.10.0", "1.2.0"], { hasDigest });
      for (let at = 0; at < 120; at += 1) site.github.add(`other-1.0.${at}`, {});
      for (const asset of site.github.find("tool")?.assets ?? []) asset.bytes = Buffer.from("damaged");
      expect((await reindex(site)).stdout.split("\n").sort()).toEqual([
        "",
        "/extensions/tool.conf",
        "/extensions/tool/SHA256SUMS",
        "/extensions/tool/releases.json",
      ]);
      expect(await site.versions()).toEqual(["tool-1.10.0", "tool-1.2.0"]);
      expect((await site.github.download("tool/tool.conf"))?.toString()).toBe(conf("1.10.0"));
      expect(parseInventory((await site.github.download("tool/releases.json"))?.toString()).releases).toHaveLength(2);
      expect((await reindex(site)).stdout).toBe("the indexes say so already\n");
      // From now on the inventory has all, and goes along.
      await site.publish(await site.release("2.0.0"));
      expect(parseInventory((await site.github.download("tool/releases.json"))?.toString()).releases).toHaveLength(3);
    }),
  );

  it("forgets what is gone, and keeps who has signed what", () =>
    using(async (site) => {
      const key = await SigningKey.open(await SigningKey.generate({ name: "x", email: "x@example.org" }));
      site.signing = { key, trusted: key.keyring };
      for (const version of ["1.0.0", "1.2.0"]) await site.publish(await site.release(version));
      site.github.releases = site.github.releases.filter(({ tag }) => tag !== "tool-1.0.0" && tag !== "tool");
      await site.publisher().reindex("tool");
      expect(await site.versions("SHA256SUMS")).toEqual(["tool-1.2.0"]);
      const { releases } = parseInventory((await site.github.download("tool/releases.json"))?.toString());
      const line = await site.index("tool-1.2.0");
      expect(await key.keyring.verify(line, releases[0]?.signature ?? "")).toBe(true);
      expect(await site.publisher().reindex("tool")).toEqual([]);
    }));

  it("of what is not published is an error", () =>
    using(async (site) => {
      expect(await reindex(site)).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("nothing is published"),
      });
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
