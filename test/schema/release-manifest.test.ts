import { describe, expect, test } from "vitest";
import { formatReleaseManifest, InvalidInput, parseReleaseManifest, type ReleaseManifest } from "../../schema/index.ts";
import { changed, type Path } from "./changed.ts";
import { readFixture } from "./fixture.ts";

const TEXT = readFixture("release.json");
const VALUE: unknown = JSON.parse(TEXT);

describe("a release manifest", () => {
  test("is read from its text and from its value", () => {
    const manifest: ReleaseManifest = parseReleaseManifest(TEXT);
    expect(manifest).toEqual(VALUE);
    expect(parseReleaseManifest(VALUE)).toEqual(manifest);
  });

  test("is read as it was written, for people too", () => {
    const text = formatReleaseManifest(parseReleaseManifest(TEXT));
    expect(parseReleaseManifest(text)).toEqual(VALUE);
    expect(text).toMatch(/^\{\n {2}"schemaVersion": 1,\n/);
    expect(text.endsWith("}\n")).toBe(true);
  });

  test.each<[string, Path, unknown]>([
    ["one arch only", ["images"], [(VALUE as ReleaseManifest).images[1]]],
    ["no transfer file", ["transfers"], []],
    ["no commit", ["provenance", "commit"], undefined],
    ["a SHA-256 commit", ["provenance", "commit"], "a".repeat(64)],
    ["nothing bundled", ["provenance", "bundled"], {}],
    ["no downloads", ["provenance", "downloads"], []],
    ["a download from the npm registry", ["provenance", "downloads", 0, "url"], "npm:workerd@1.0.0"],
    ["a repository at a tag", ["provenance", "downloads", 0, "url"], "git+https://example.org/bird.git#v3.1.2"],
    ["an empty download", ["provenance", "downloads", 0, "size"], 0],
    ["a time with an offset", ["provenance", "builtAt"], "2026-11-23T05:00:00.123+01:00"],
  ])("may have %s", (_, path, value) => {
    expect(() => parseReleaseManifest(changed(VALUE, path, value))).not.toThrow();
  });

  test.each<[string, Path, unknown]>([
    ["schemaVersion", ["schemaVersion"], 2],
    ["schemaVersion", ["schemaVersion"], undefined],
    ["extension", ["extension"], "Kubernetes"],
    ["extension", ["extension"], "noop"],
    ["extension", ["extension"], "a".repeat(65)],
    ["version", ["version"], "latest"],
    ["version", ["version"], "v1.32.2\n"],
    ["version", ["version"], `1${"0".repeat(128)}`],
    ["images", ["images"], []],
    ["images", ["images"], undefined],
    ["images", ["images"], { 0: {} }],
    ["images[1]", ["images", 1], null],
    ["images[1].arch", ["images", 1, "arch"], "aarch64"],
    ["images[0].format", ["images", 0, "format"], "xfs"],
    ["images[0].size", ["images", 0, "size"], -1],
    ["images[0].size", ["images", 0, "size"], 1.5],
    ["images[0].size", ["images", 0, "size"], "42"],
    ["images[0].size", ["images", 0, "size"], 2 ** 53],
    ["images[0].sha256", ["images", 0, "sha256"], "A".repeat(64)],
    ["images[0].sha256", ["images", 0, "sha256"], `${"a".repeat(64)}\n`],
    ["images[0].inputsDigest", ["images", 0, "inputsDigest"], undefined],
    ["images[0].file", ["images", 0, "file"], "../kubernetes-v1.32.2-x86-64.raw"],
    ["images[0].url", ["images", 0, "url"], "https://elsewhere.example"],
    ["transfers[1].file", ["transfers", 1, "file"], "a/b.conf"],
    ["transfers[1].file", ["transfers", 1, "file"], ".conf"],
    ["transfers[1].sha256", ["transfers", 1, "sha256"], "c0ffee"],
    ["transfers[0].matchPattern", ["transfers", 0, "matchPattern"], ""],
    ["provenance", ["provenance"], undefined],
    ["provenance.commit", ["provenance", "commit"], "main"],
    ["provenance.builtAt", ["provenance", "builtAt"], "yesterday"],
    ["provenance.bundled.cni", ["provenance", "bundled", "cni"], "latest"],
    ["provenance.downloads[0].url", ["provenance", "downloads", 0, "url"], "ftp://example.org/x"],
    ["provenance.downloads[0].url", ["provenance", "downloads", 0, "url"], "https://example.org/a b"],
    ["provenance.downloads[0].verifiedBy", ["provenance", "downloads", 0, "verifiedBy"], "hope"],
    ["provenance.downloads[1].reason", ["provenance", "downloads", 1, "reason"], ""],
    ["provenance.extra", ["provenance", "extra"], true],
    ["extra", ["extra"], true],
  ])("is refused with the field's name: %s", (field, path, value) => {
    expect(() => parseReleaseManifest(changed(VALUE, path, value))).toThrow(`invalid release manifest: ${field}: `);
  });

  test.each<[string, Path, unknown, string]>([
    [
      "an image of another name than its release and arch give",
      ["images", 1, "file"],
      "kubernetes-v1.32.3-arm64.raw",
      "images[1].file: must be kubernetes-v1.32.2-arm64.raw",
    ],
    [
      "two images for one arch",
      ["images", 1],
      (VALUE as ReleaseManifest).images[0],
      "images[1].arch: a second image for x86-64",
    ],
    [
      "two transfer files of one name",
      ["transfers", 1, "file"],
      "kubernetes.conf",
      "transfers[1].file: a second kubernetes.conf",
    ],
    ["a transfer file of another kind", ["transfers", 0, "file"], "SHA256SUMS", "transfers[0].file: must end in .conf"],
  ])("is refused for %s", (_, path, value, problem) => {
    expect(() => parseReleaseManifest(changed(VALUE, path, value))).toThrow(`invalid release manifest: ${problem}`);
  });

  test.each(["", "{", "SHA256SUMS", "<!doctype html>"])("is refused for text that is not JSON: %j", (text) => {
    expect(() => parseReleaseManifest(text)).toThrow("invalid release manifest: not JSON (");
  });

  test.each([null, [], 1, "[]", "null", '"x"'])("is refused for JSON that is no object: %j", (json) => {
    expect(() => parseReleaseManifest(json)).toThrow(InvalidInput);
  });

  test("is not fooled by a key that every object has", () => {
    const text = TEXT.replace('"schemaVersion": 1,', '"schemaVersion": 1, "__proto__": { "version": "v9" },');
    expect(() => parseReleaseManifest(text)).toThrow("__proto__");
  });
});
