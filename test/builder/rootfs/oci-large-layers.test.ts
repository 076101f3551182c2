/** Layers that are unpacked in threads of their own: what comes of them, and of what goes wrong there. */
import { randomBytes } from "node:crypto";
import { lstat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LARGE_LAYER } from "../../../builder/rootfs/oci/layer-unpacker.ts";
import { digestOf, type ImageSpec, ociImage } from "../../support/oci-image.ts";
import { archive, entry, link } from "../../support/tar-archive.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";
import { FakeRegistry } from "../../support/upstreams/oci-registry.ts";
import { Pulling } from "./pulling.ts";

/** Which nothing compresses. */
const BULK = randomBytes(LARGE_LAYER + 1);
const bulk = entry({ path: "bulk" }, BULK);
const file = (path: string, content = path) => entry({ path }, content);
const image = "registry.example/large:1";

const registry = new FakeRegistry();
let mirror: Mirror;
let at: Pulling;
beforeAll(async () => {
  mirror = await Mirror.open({ "registry.example": registry.host });
});
afterAll(() => mirror[Symbol.asyncDispose]());
beforeEach(async () => {
  at = await Pulling.open();
});
afterEach(() => at[Symbol.asyncDispose]());

function put(layers: ImageSpec["layers"], spec: Partial<ImageSpec> = {}) {
  const made = ociImage({ layers, ...spec });
  registry.put("large", "1", made);
  return made;
}

function pull(options: object = {}) {
  return at.pull(image, { env: { BAKERY_MIRROR: mirror.url }, ...options });
}

async function expectNothing(): Promise<void> {
  expect(await at.beside()).toEqual([]);
  await expect(lstat(at.folder)).rejects.toThrow("ENOENT");
}

describe("large layers", () => {
  it.each(["gzip", "zstd", "none"] as const)(
    "are laid over each other, and over small ones: %s",
    async (compression) => {
      const below = [bulk, file("a"), file("gone")];
      const above = [entry({ path: "more" }, BULK), file(".wh.gone", ""), link("same", "a", "Link")];
      put([below, [file("small")], above], { compression: [compression, compression, compression] });
      await pull();
      const { bulk: first, more, ...rest } = await at.tree();
      expect(rest).toEqual({ a: "a", same: "a", small: "small" });
      expect([first, more]).toEqual([BULK.toString("utf8"), BULK.toString("utf8")]);
      expect((await lstat(`${at.folder}/a`)).nlink).toBe(2);
    },
  );

  it.each<[string, (host: string) => Buffer, string]>([
    ["an absolute name", (host) => file(host), "an absolute path"],
    ["a file twice", () => Buffer.concat([file("x"), file("x")]), 'it has "x" twice'],
    ["a device", () => entry({ path: "x", type: "CharacterDevice", devmaj: 1, devmin: 3 }), "character device"],
  ])("are refused as small ones are: %s", async (_, make, reason) => {
    put([[file("small")], [bulk, make(at.hostFile)]]);
    await expect(pull()).rejects.toMatchObject({
      message: `a layer of ${image} cannot be unpacked`,
      details: { layer: expect.stringMatching(/^sha256:/), reason: expect.stringContaining(reason) },
    });
    await expectNothing();
  });

  it("are refused where they are cut short, or not what the config says", async () => {
    put([archive(bulk).subarray(0, LARGE_LAYER)], { compression: ["none"] });
    await expect(pull()).rejects.toMatchObject({ details: { reason: expect.stringContaining("cut short") } });
    put([[bulk]], { diffIds: [digestOf("x")] });
    await expect(pull()).rejects.toThrow("unpacks to something else than the image's config says");
    await expectNothing();
  });

  it("have no more entries together than there may be", async () => {
    put([[bulk], [entry({ path: "more" }, BULK), file("a")]]);
    await expect(pull({ maxEntries: 2 })).rejects.toMatchObject({
      details: { reason: "the image has more entries than any has" },
    });
    await expectNothing();
    await pull({ maxEntries: 3 });
  });

  it("of other bytes than the manifest's are found out", async () => {
    const { blobs, layers } = put([[bulk]]);
    const [{ digest = "" } = {}] = layers;
    registry.replaceBlob(digest, Buffer.from(blobs.get(digest) ?? "").fill(7, LARGE_LAYER / 2, LARGE_LAYER / 2 + 8));
    await expect(pull()).rejects.toThrow("does not match its published checksum");
    await expectNothing();
  });

  it("leave nothing when a pull is interrupted in the midst of one", async () => {
    const { layers } = put([[bulk]]);
    const path = `registry.example/v2/large/blobs/${layers[0]?.digest}`;
    mirror.fail(path, "stall");
    const interrupted = new AbortController();
    const pulling = pull({ kitchen: { ...at.kitchen({ BAKERY_MIRROR: mirror.url }), signal: interrupted.signal } });
    while (mirror.count(path) === 0) await sleep(5);
    interrupted.abort(new Error("ended by SIGINT"));
    await expect(pulling).rejects.toThrow("ended by SIGINT");
    await expectNothing();
  });
});
