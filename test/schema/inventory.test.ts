import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addRelease,
  compareVersions,
  emptyInventory,
  formatInventory,
  formatSha256Sums,
  indexOf,
  parseInventory,
  parseReleaseManifest,
  parseSha256Sums,
  type ReleaseManifest,
} from "../../schema/index.ts";
import { arch, extensionName, sha256, version } from "./arbitraries.ts";
import { changed, type Path } from "./changed.ts";
import { readFixture } from "./fixture.ts";

const TEXT = readFixture("releases.json");
const VALUE: unknown = JSON.parse(TEXT);
const MANIFEST = parseReleaseManifest(readFixture("release.json"));
const NOW = new Date("2026-11-24T00:00:00Z");

describe("an inventory", () => {
  test("is read as it was written", () => {
    const inventory = parseInventory(TEXT);
    expect(inventory).toEqual(VALUE);
    expect(parseInventory(formatInventory(inventory))).toEqual(inventory);
    expect(formatInventory(inventory).endsWith("}\n")).toBe(true);
  });

  test("may be empty", () => {
    expect(parseInventory(formatInventory(emptyInventory("docker")))).toEqual(emptyInventory("docker"));
  });

  test.each<[string, Path, unknown]>([
    ["schemaVersion", ["schemaVersion"], 0],
    ["extension", ["extension"], "docker-1.0"],
    ["releases", ["releases"], {}],
    ["releases[2].version", ["releases", 2, "version"], "1.0~rc1"],
    ["releases[0].publishedAt", ["releases", 0, "publishedAt"], "2026-11-23"],
    ["releases[0].images", ["releases", 0, "images"], []],
    ["releases[0].images[1].arch", ["releases", 0, "images", 1, "arch"], "amd64"],
    ["releases[0].images[1].size", ["releases", 0, "images", 1, "size"], -1],
    ["releases[0].images[1].sha256", ["releases", 0, "images", 1, "sha256"], ""],
    ["releases[0].images[1].file", ["releases", 0, "images", 1, "file"], "x.raw"],
    ["releases[1].yanked.reason", ["releases", 1, "yanked", "reason"], ""],
    ["releases[1].yanked", ["releases", 1, "yanked"], true],
    ["etag", ["etag"], "x"],
  ])("is refused with the field's name: %s", (field, path, value) => {
    expect(() => parseInventory(changed(VALUE, path, value))).toThrow(`invalid inventory: ${field}: `);
  });

  test("is refused where a version or an arch comes twice, for one file would have two hashes", () => {
    const twice = changed(VALUE, ["releases", 2, "version"], "v1.32.10");
    expect(() => parseInventory(twice)).toThrow("releases[2]: a second release of this version");
    const arches = changed(VALUE, ["releases", 0, "images", 1, "arch"], "x86-64");
    expect(() => parseInventory(arches)).toThrow("releases[0].images[1]: a second image for this arch");
  });

  test("is refused for text that is not JSON", () => {
    expect(() => parseInventory("")).toThrow("invalid inventory: not JSON (");
  });
});

describe("adding a release", () => {
  const release = (of: string, images = MANIFEST.images): ReleaseManifest => ({ ...MANIFEST, version: of, images });

  test("puts it where its version belongs, newest first", () => {
    const { releases } = addRelease(parseInventory(TEXT), MANIFEST, { publishedAt: NOW });
    expect(releases.map((it) => it.version)).toEqual(["v1.32.10", "v1.32.9", "v1.32.2", "v1.31.4"]);
    expect(releases[2]).toEqual({
      version: "v1.32.2",
      publishedAt: "2026-11-24T00:00:00.000Z",
      images: MANIFEST.images.map(({ arch, size, sha256 }) => ({ arch, size, sha256 })),
    });
  });

  test("leaves the inventory that it was given as it is", () => {
    const before = parseInventory(TEXT);
    addRelease(before, MANIFEST, { publishedAt: NOW });
    expect(before).toEqual(VALUE);
  });

  test("a second time changes nothing, not even the time", () => {
    const once = addRelease(parseInventory(TEXT), MANIFEST, { publishedAt: NOW });
    const reordered = release(MANIFEST.version, MANIFEST.images.toReversed());
    expect(addRelease(once, MANIFEST, { publishedAt: new Date() })).toEqual(once);
    expect(addRelease(once, reordered, { publishedAt: new Date() })).toEqual(once);
  });

  test("a second time does not undo that it was yanked", () => {
    const before = parseInventory(TEXT);
    const [image] = MANIFEST.images as [ReleaseManifest["images"][number]];
    const same = { ...image, sha256: before.releases[1]?.images[0]?.sha256 ?? "" };
    expect(addRelease(before, release("v1.32.9", [same]), { publishedAt: NOW }).releases[1]?.yanked).toBeDefined();
  });

  test.each<[string, (images: ReleaseManifest["images"]) => ReleaseManifest["images"]]>([
    ["other bytes", (images) => images.map((image) => ({ ...image, sha256: "f".repeat(64) }))],
    ["an arch more or less", (images) => images.slice(0, 1)],
    [
      "the arches' bytes exchanged",
      (images) => images.map((image, at) => ({ ...image, sha256: images[1 - at]?.sha256 ?? "" })),
    ],
  ])("that is published already, with %s, is refused", (_, change) => {
    const once = addRelease(parseInventory(TEXT), MANIFEST, { publishedAt: NOW });
    expect(() => addRelease(once, release(MANIFEST.version, change(MANIFEST.images)), { publishedAt: NOW })).toThrow(
      "invalid release: kubernetes-v1.32.2 is published already, with other images",
    );
    const other = (images: ReleaseManifest["images"]) =>
      addRelease(parseInventory(TEXT), release("v1", images), { publishedAt: NOW });
    expect(() => addRelease(other(change(MANIFEST.images)), release("v1"), { publishedAt: NOW })).toThrow(
      "is published already",
    );
  });

  test("keeps any versions in order, and every one of them", () => {
    const versions = fc.uniqueArray(version, { maxLength: 12 });
    fc.assert(
      fc.property(extensionName, versions, (extension, list) => {
        const full = list.reduce(
          (inventory, of) => addRelease(inventory, release(of), { publishedAt: NOW }),
          emptyInventory(extension),
        );
        const order = full.releases.map((it) => it.version);
        expect(order.toSorted()).toEqual(list.toSorted());
        for (const [at, of] of order.slice(1).entries()) {
          expect(compareVersions(order[at] ?? "", of)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

describe("the index of an inventory", () => {
  test("has every image, newest first, and none that is yanked", () => {
    expect(indexOf(parseInventory(TEXT)).map(({ file, sha256 }) => `${sha256.slice(0, 3)} ${file}`)).toEqual([
      "321 kubernetes-v1.32.10-x86-64.raw",
      "321 kubernetes-v1.32.10-arm64.raw",
      "314 kubernetes-v1.31.4-x86-64.raw",
    ]);
  });

  test("is empty where nothing is published, or all of it yanked", () => {
    expect(indexOf(emptyInventory("docker"))).toEqual([]);
    const inventory = parseInventory(TEXT);
    const releases = inventory.releases.map((it) => ({ ...it, yanked: { at: it.publishedAt, reason: "all of it" } }));
    expect(indexOf({ ...inventory, releases })).toEqual([]);
  });

  test("is one that every client reads, whatever is published", () => {
    const releases = fc.uniqueArray(
      fc.record({
        version,
        publishedAt: fc.constant(NOW.toISOString()),
        images: fc.tuple(fc.record({ arch, size: fc.nat(), sha256 })),
      }),
      { selector: (it) => it.version, minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(extensionName, releases, (extension, list) => {
        const entries = indexOf(parseInventory({ schemaVersion: 1, extension, releases: list }));
        expect(parseSha256Sums(formatSha256Sums(entries))).toEqual(entries);
      }),
    );
  });
});
