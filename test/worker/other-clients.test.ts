/** The requests of clients other than systemd-sysupdate, in their order, find what they need. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { standaloneBakery } from "./support/bakery.ts";
import { putFile, putIndex } from "./support/files.ts";
import { emptyStorage } from "./support/storage.ts";

const hash = "a".repeat(64);
const FILE = "btop-1.4.0-x86-64.raw";
const { fetch } = standaloneBakery();

const image = { file: FILE, arch: "x86-64", format: "squashfs", size: 5, sha256: hash, inputsDigest: hash };
const provenance = { builtAt: "2026-10-01T00:00:00Z", bundled: {}, downloads: [] };
const release = { schemaVersion: 1, extension: "btop", version: "1.4.0", images: [image], transfers: [], provenance };

beforeEach(async () => {
  await emptyStorage();
  await putFile(env.BUCKET, `btop-1.4.0/${FILE}`, "image");
  await putFile(env.BUCKET, "btop/btop.conf", "[Source]\n");
  await putFile(env.BUCKET, "btop-1.4.0/release.json", JSON.stringify(release));
  await putIndex(env.BUCKET, `${hash}  ${FILE}\n`, "btop");
  await putIndex(env.BUCKET, `${hash}  ${FILE}\n`, "SHA256SUMS");
});

test("updex: the catalogue's list, then transfer file, index and image below SiteURL", async () => {
  expect(await (await fetch("/api/v1/catalog/contents")).json()).toEqual([{ name: "btop", type: "dir" }]);
  expect(await (await fetch("/extensions/btop/btop.conf")).text()).toBe("[Source]\n");
  expect(await (await fetch("/extensions/btop/SHA256SUMS")).text()).toContain(FILE);
  expect(await (await fetch(`/extensions/btop/${FILE}`)).text()).toBe("image");
});

test("sysexts-manager: index and image", async () => {
  expect((await fetch("/extensions/btop/SHA256SUMS")).status).toBe(200);
  expect((await fetch(`/extensions/btop/${FILE}`)).status).toBe(200);
});

test("sysextmgr: the index, then each image's manifest as mkosi writes it", async () => {
  expect((await fetch("/extensions/btop/SHA256SUMS")).status).toBe(200);
  const response = await fetch(`/extensions/btop/${FILE.replace(/raw$/, "manifest.gz")}`);
  expect(response.headers.get("content-type")).toBe("application/gzip");
  expect(response.headers.has("content-encoding")).toBe(false);
  const extension = {
    ID: "_any",
    SYSEXT_ID: "btop",
    SYSEXT_VERSION_ID: "1.4.0",
    SYSEXT_SCOPE: "system",
    ARCHITECTURE: "x86-64",
  };
  const body = response.body?.pipeThrough(new DecompressionStream("gzip"));
  expect(await new Response(body).json()).toEqual({
    manifest_version: 1,
    config: { name: "btop", architecture: "x86-64", version: "1.4.0" },
    extension,
    extensions: [["sysext", extension]],
  });
});

test("sysextmgr: an image for one system says so", async () => {
  const flatcar = { ...release, images: [{ ...image, os: "flatcar" }] };
  await putFile(env.BUCKET, "btop-1.4.0/release.json", JSON.stringify(flatcar));
  const response = await fetch("/extensions/btop/btop-1.4.0-x86-64.manifest.gz");
  const manifest = await new Response(response.body?.pipeThrough(new DecompressionStream("gzip"))).json();
  expect(manifest).toMatchObject({ extension: { ID: "flatcar", SYSEXT_LEVEL: "1.0" } });
});

test("sysextmgr: an image without a release manifest has none of mkosi's either, nor has one that is not there", async () => {
  expect((await fetch("/extensions/btop/btop-1.4.0-arm64.manifest.gz")).status).toBe(404);
  expect((await fetch("/extensions/btop/btop-1.5.0-x86-64.manifest.gz")).status).toBe(404);
});
