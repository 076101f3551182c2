/** Copies of a bakery: what of it is there, byte for byte, and what a second run costs. */
import { stat } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LocalBakery } from "../../../scripts/local-bakery.ts";
import { localBakery } from "../../support/local-bakery.ts";
import { MirrorRig, newKey } from "./mirror-rig.ts";

const EXTENSIONS = { kubernetes: ["v1.33.1", "v1.34.0", "v1.34.1"], tool: ["1.0.0"] };

describe("a mirror of a signed bakery", () => {
  let bakery: LocalBakery;
  let armored: string;
  let rig: MirrorRig;

  beforeAll(async () => {
    armored = await newKey();
    const publisher = await MirrorRig.open({ armored });
    const SIGNING_KEYRING = Buffer.from(publisher.key.keyring.bytes).toString("base64");
    bakery = await localBakery({ vars: { INDEX_TTL_SECONDS: "0", SIGNING_KEYRING } });
    const env = { BAKERY_SIGNING_KEY: armored, BAKERY_TOKEN: bakery.token };
    for (const [name, versions] of Object.entries(EXTENSIONS)) {
      for (const version of versions)
        await publisher.publish(name, version, { to: bakery.url, env, described: name === "tool" });
    }
    await publisher[Symbol.asyncDispose]();
  }, 60_000);
  afterAll(() => bakery.stop());

  const using = async (test: () => Promise<void>) => {
    const proxy = async (request: Request) => {
      const { pathname } = new URL(request.url);
      const response = await fetch(bakery.url + pathname, { headers: request.headers, redirect: "manual" });
      const names = ["etag", "content-type", "content-range", "accept-ranges", "location"];
      const headers = names.map((name) => [name, response.headers.get(name) ?? ""]).filter(([, value]) => value !== "");
      return new Response(response.body, { status: response.status, headers: Object.fromEntries(headers) });
    };
    await using opened = await MirrorRig.open({ armored, host: proxy });
    rig = opened;
    await test();
  };
  const upstream = async (path: string) => {
    const response = await fetch(bakery.url + path);
    return response.ok ? Buffer.from(await response.arrayBuffer()).toString("latin1") : undefined;
  };

  it("has every file at its public path, byte for byte, series and signatures too", () =>
    using(async () => {
      expect(await rig.mirror()).toMatchObject({
        exitCode: 0,
        stderr: "• Mirroring                     2 of 2 extensions\n",
      });
      const files = await rig.files();
      for (const path of files) expect(await rig.read(path), path).toBe(await upstream(path));
      const indexes = ["", "/kubernetes", "/kubernetes/v1.33", "/kubernetes/v1.34", "/tool", "/tool/1.0"];
      const names = indexes.flatMap((at) =>
        ["", ".gpg", ".sha256.asc"].map((end) => `/extensions${at}/SHA256SUMS${end}`),
      );
      const others = ["/keys/import-pubring.gpg", "/extensions/noop.conf", "/extensions/tool.conf"];
      const ofRelease = ["/extensions/tool-1.0.0/release.json", "/extensions/tool-1.0.0/tool.conf"];
      const described = ["/extensions/tool-1.0.0/contents.json", "/extensions/tool/extension.json"];
      for (const path of [...names, ...others, ...ofRelease, ...described]) expect(files).toContain(path);
      expect(await rig.checkIndexes()).toHaveLength(8 * 3);
      expect(await rig.doctor("--keyring", "ring.gpg")).toMatchObject({ exitCode: 0 });
    }));

  it("asks for one file where nothing is new: of the bakery, or of each extension that is named", () =>
    using(async () => {
      await rig.mirror();
      rig.asked();
      expect(await rig.mirror()).toMatchObject({ exitCode: 0 });
      expect(rig.asked()).toEqual(["/extensions/SHA256SUMS.gpg"]);
      await rig.mirror(["--extension", "tool", "--extension", "kubernetes"]);
      expect(rig.asked().sort()).toEqual(["/extensions/kubernetes/SHA256SUMS.gpg", "/extensions/tool/SHA256SUMS.gpg"]);
    }));

  it("of whole minor series keeps their signatures, and has no signature for the rest of the extension", () =>
    using(async () => {
      const args = ["--extension", "kubernetes", "--series", "v1.34"];
      const { stdout } = await rig.mirror(args);
      expect(stdout).toMatch(/kubernetes +2 +4 +4 images, 3.9 KiB +nobody\n/);
      for (const end of ["", ".gpg", ".sha256.asc"]) {
        const path = `/extensions/kubernetes/v1.34/SHA256SUMS${end}`;
        expect(await rig.read(path), path).toBe(await upstream(path));
      }
      const files = await rig.files();
      expect(files).not.toContain("/extensions/kubernetes/SHA256SUMS.gpg");
      expect(files).not.toContain("/extensions/kubernetes/v1.33/SHA256SUMS");
      expect(files).not.toContain("/extensions/SHA256SUMS.gpg");
      expect(await rig.checkIndexes()).toHaveLength(4 * 3);
      expect(await rig.doctor()).toMatchObject({ exitCode: 0 });
    }));

  it("signs what the bakery has not signed, with the operator's key, which joins the keyring", () =>
    using(async () => {
      const own = await newKey();
      const env = { BAKERY_SIGNING_KEY: own };
      const args = ["--extension", "kubernetes", "--series", "v1.34"];
      expect((await rig.mirror(args, env)).stdout).toContain("mirror\n");
      const index = "/extensions/kubernetes/v1.34/SHA256SUMS.gpg";
      expect(await rig.read(index)).toBe(await upstream(index));
      expect(await rig.doctor("--keyring", "site/keys/import-pubring.gpg")).toMatchObject({ exitCode: 0 });
      expect(await rig.doctor("--keyring", "ring.gpg")).toMatchObject({ exitCode: 1 });
      // Signatures have a time in them: what is signed already stays.
      const before = await rig.read("/extensions/kubernetes/SHA256SUMS.gpg");
      await rig.mirror(args, env);
      expect(await rig.read("/extensions/kubernetes/SHA256SUMS.gpg")).toBe(before);
      // All of it again: the bakery's own signatures come back.
      expect((await rig.mirror(["--extension", "kubernetes"], env)).stdout).toContain("bakery\n");
      expect(await rig.read("/extensions/kubernetes/SHA256SUMS.gpg")).toBe(
        await upstream("/extensions/kubernetes/SHA256SUMS.gpg"),
      );
    }));

  it.each([
    [["--arch", "arm64"], 4],
    [["--newest", "1"], 4],
    [["--version", "v1.3?.*"], 0],
    [["--version", "v1.3*.1"], 4],
    [["--version", "v1.34.0", "--series", "v1.33", "--arch", "x86-64"], 2],
  ])("with %j has %i images, and indexes of those alone", (args, images) =>
    using(async () => {
      const { exitCode, stderr } = await rig.mirror(args);
      if (images === 0) {
        expect([exitCode, stderr]).toEqual([1, expect.stringContaining("nothing is chosen of what the bakery has")]);
        expect(await rig.files()).not.toContain("/extensions/SHA256SUMS");
        return;
      }
      expect(exitCode).toBe(0);
      const named = await rig.checkIndexes();
      expect(named.filter((line) => line.startsWith("/extensions/SHA256SUMS "))).toHaveLength(images);
      expect((await rig.files()).filter((path) => /^\/extensions\/[^/]+\/[^/]+\.raw$/.test(path))).toHaveLength(images);
      expect(await rig.doctor()).toMatchObject({ exitCode: 0 });
      rig.asked();
      await rig.mirror(args);
      expect(rig.asked()).toEqual(["/extensions/SHA256SUMS.gpg"]);
    }),
  );

  it("leads transfer files to where it will be, if it is told; and back", () =>
    using(async () => {
      await rig.mirror(["--extension", "tool", "--url", "http://mirror.lan/bakery/"]);
      const paths = ["/extensions/tool.conf", "/extensions/tool-1.0.0/tool.conf"];
      for (const path of paths) {
        const published = (await upstream(path)) ?? "";
        expect(published).toContain("Path=https://bakery.example.org/extensions/tool/\n");
        expect(await rig.read(path)).toBe(published.replace("https://bakery.example.org", "http://mirror.lan/bakery"));
      }
      await rig.mirror(["--extension", "tool"]);
      for (const path of paths) expect(await rig.read(path)).toBe(await upstream(path));
    }));

  it("keeps no second copy of an image for its series", () =>
    using(async () => {
      await rig.mirror(["--extension", "tool"]);
      const at = (path: string) => stat(rig.workplace.file(`site/extensions/tool/${path}`));
      const file = "tool-1.0.0-arm64.raw";
      expect((await at(`1.0/${file}`)).ino).toBe((await at(file)).ino);
    }));
});
