/** systemd-sysupdate of every version that machines have, against the worker: from the bucket and by way of GitHub. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { IttyRouter } from "itty-router";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Catalog } from "../../builder/catalog.ts";
import { compareVersions, imageFile } from "../../schema/index.ts";
import { FIXTURES } from "../support/bakery.ts";
import { LocalReleases } from "../support/local-releases.ts";
import { Machine } from "../support/machine.ts";
import { describeWhere } from "../support/requirements.ts";
import {
  clientUnavailable,
  SYSUPDATE_VERSIONS,
  type SysupdateClient,
  sysupdateClient,
} from "../support/systemd-client.ts";
import { Mirror } from "../support/upstreams/mirror.ts";

const image = (version: string) => imageFile({ extension: "greeter", version }, "x86-64");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A repository's releases, whose downloads are elsewhere, as GitHub's are. */
class Releases {
  readonly files = new Map<string, Uint8Array>();

  async open(): Promise<Mirror> {
    const github = IttyRouter();
    github
      .get("/o/r/releases/download/:tag/:file", ({ params }) => {
        const key = `${params.tag}/${params.file}`.replaceAll("%2B", "+");
        if (!this.files.has(key)) return new Response("Not Found", { status: 404 });
        return new Response(null, { status: 302, headers: { location: `/storage.example/${key}` } });
      })
      .all("*", () => new Response("Not Found", { status: 404 }));
    const storage = IttyRouter();
    storage.get("/:tag/:file", ({ params }) => {
      const bytes = this.files.get(`${params.tag}/${params.file}`.replaceAll("%2B", "+")) ?? new Uint8Array();
      return new Response(Uint8Array.from(bytes), { headers: { etag: `"${sha256(bytes)}"` } });
    });
    return Mirror.open({
      "github.example": (request) => github.fetch(request),
      "storage.example": (request) => storage.fetch(request),
    });
  }
}

describeWhere(await clientUnavailable(), "a machine that follows the bakery", () => {
  let bakery: LocalReleases;
  let redirector: LocalReleases;
  let mirror: Mirror;
  const github = new Releases();
  const catalog = new Catalog(FIXTURES);

  beforeAll(async () => {
    mirror = await github.open();
    bakery = await LocalReleases.open();
    redirector = await LocalReleases.open({
      GITHUB_REPOSITORY: "o/r",
      GITHUB_SERVER_URL: `${mirror.url}/github.example`,
    });
    for (const version of ["1.0.0", "1.2.0", "1.10.0", "2.0.0"]) await bakery.release(catalog, "greeter", version);
    await bakery.tamper({ extension: "greeter", version: "2.0.0" }, (bytes) => bytes.with(9, (bytes[9] ?? 0) ^ 1));
  }, 120_000);
  afterAll(async () => {
    await bakery.stop();
    await redirector.stop();
    await mirror[Symbol.asyncDispose]();
  });

  describe.each(SYSUPDATE_VERSIONS)("with systemd %i", (version) => {
    let client: SysupdateClient;
    const suffix = version === 254 ? "conf" : "transfer";

    beforeAll(async () => {
      client = await sysupdateClient(version);
    }, 120_000);

    it("has that version", async () => {
      expect((await client.sysupdate("--version")).stdout).toMatch(new RegExp(`^systemd ${version} `));
    });

    it("lists what there is, installs, updates and goes back, and keeps what it has where an image is not right", async () => {
      await using machine = await Machine.following(client, bakery.url, "greeter", { suffix });
      const { stdout, stderr } = await machine.sysupdate("list");
      for (const listed of ["1.0.0", "1.2.0", "1.10.0", "2.0.0"]) expect(stdout, stderr).toContain(listed);
      expect(await machine.sysupdate("check-new")).toMatchObject({ exitCode: 0, stdout: "2.0.0\n" });

      expect(await machine.sysupdate("update", "1.2.0")).toMatchObject({ exitCode: 0 });
      expect(await machine.current()).toBe(image("1.2.0"));
      expect(await machine.sysupdate("update", "1.10.0")).toMatchObject({ exitCode: 0 });
      expect(await machine.current()).toBe(image("1.10.0"));

      expect((await machine.sysupdate("update")).exitCode).toBe(1);
      expect(await machine.current()).toBe(image("1.10.0"));
      expect((await machine.installed()).filter((file) => file.endsWith(".raw") && !file.startsWith("."))).toEqual([
        image("1.10.0"),
        image("1.2.0"),
      ]);
    });

    it("follows a minor series by its index, and sees no other", async () => {
      await using machine = await Machine.following(client, bakery.url, "greeter", { suffix, series: "1.2" });
      expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
      expect(await machine.installed()).toEqual([image("1.2.0")]);
      expect((await machine.sysupdate("check-new")).exitCode).toBe(1);
    });

    it("gets index and images by way of GitHub, by names with a plus as well", async () => {
      for (const released of ["1.0.0", "1.0.1+k3s1"]) {
        const bytes = Buffer.from(`image of ${released}, ${version}`.padEnd(4096, "."));
        github.files.set(`greeter-${released}/${image(released)}`, bytes);
        const line = `${sha256(bytes)}  ${image(released)}\n`;
        const index = released === "1.0.0" ? "" : (github.files.get("greeter/SHA256SUMS") ?? "").toString();
        github.files.set("greeter/SHA256SUMS", Buffer.from(index + line));
      }
      // (the transfer file of the other bakery, for the redirector's is GitHub's)
      await using machine = await Machine.following(client, bakery.url, "greeter", { suffix, bakery: redirector.url });
      expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
      expect(await machine.installed()).toEqual([image("1.0.1+k3s1")]);
      expect(await readFile(machine.imagePath(image("1.0.1+k3s1")), "utf8")).toMatch(new RegExp(`${version}\\.`));
    });

    it("takes a revision for newer than its version, and for older than the next one", async () => {
      const chains = [
        ["1.0.1+k3s1", "1.0.1+k3s1+r1", "1.0.1+k3s1+r2", "1.0.1+k3s1+r10", "1.0.1+k3s2", "1.0.2", "1.0.2+r1", "1.0.3"],
        // What `missing` warns of: a revision that overtakes what upstream has made later.
        ["1.0.4", "1.1", "1.1.1", "1.1+r1", "1.2"],
      ];
      const lines = chains.flat().map((version) => `${sha256(Buffer.from(version))}  ${image(version)}\n`);
      const before = github.files.get("greeter/SHA256SUMS") ?? new Uint8Array();
      github.files.set("greeter/SHA256SUMS", Buffer.from(lines.sort().join("")));
      await using machine = await Machine.following(client, bakery.url, "greeter", { suffix, bakery: redirector.url });
      const { stdout, stderr } = await machine.sysupdate("list");
      const listed = stdout.match(/\b1\.[0-9.+krs]+\b/g);
      expect(listed?.toReversed(), stderr).toEqual(chains.flat());
      expect(chains.flat().toSorted(compareVersions)).toEqual(chains.flat());
      github.files.set("greeter/SHA256SUMS", before);
    });

    it("installs what an index names that is served from a copy, while GitHub is away", async () => {
      await (await fetch(`${redirector.url}/extensions/greeter/SHA256SUMS`)).text();
      mirror.fail("github.example/o/r/releases/download/greeter/SHA256SUMS", 503, 503, 503, 503);
      await using machine = await Machine.following(client, bakery.url, "greeter", { suffix, bakery: redirector.url });
      expect(await machine.sysupdate("update")).toMatchObject({ exitCode: 0 });
      expect(await machine.installed()).toEqual([image("1.0.1+k3s1")]);
      mirror.recover();
    });
  });

  it("may ask ninety times in a row, as updatectl does, and costs the same", async () => {
    const before = mirror.arrivals.length;
    const quiet = await LocalReleases.open({
      GITHUB_REPOSITORY: "o/r",
      GITHUB_SERVER_URL: `${mirror.url}/github.example`,
      INDEX_TTL_SECONDS: "60",
    });
    for (let request = 0; request < 90; request += 1) {
      const response = await fetch(`${quiet.url}/extensions/greeter/SHA256SUMS`);
      expect(response.status).toBe(200);
      await response.text();
    }
    await quiet.stop();
    expect(mirror.arrivals.length - before).toBe(2);
  });
});
