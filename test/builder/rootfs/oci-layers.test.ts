/** What layers of an image make of each other, and what hostile ones cannot do. Through a registry that stands in. */
import { lstat, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ImageSpec, ociImage } from "../../support/oci-image.ts";
import { archive, entry, link, patched, pax } from "../../support/tar-archive.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";
import { FakeRegistry } from "../../support/upstreams/oci-registry.ts";
import { Pulling } from "./pulling.ts";

const registry = new FakeRegistry();
let mirror: Mirror;
beforeAll(async () => {
  mirror = await Mirror.open({ "registry.example": registry.host });
});
afterAll(() => mirror[Symbol.asyncDispose]());

const isRoot = process.getuid?.() === 0;
const folder = (path: string, fields: object = {}) =>
  entry({ path: `${path}/`, type: "Directory", mode: 0o755, ...fields });
const file = (path: string, content = path) => entry({ path }, content);

async function pull(at: Pulling, layers: ImageSpec["layers"], spec: Partial<ImageSpec> = {}, options: object = {}) {
  registry.put("planted", "1", ociImage({ layers, ...spec }));
  return at.pull("registry.example/planted:1", { env: { BAKERY_MIRROR: mirror.url }, ...options });
}

describe("layers over each other:", () => {
  const base = [folder("etc"), file("etc/a"), file("etc/b"), folder("etc/d"), file("etc/d/x"), file("etc/d/y")];
  const merged = link("bin", "usr/bin");
  const usr = [folder("usr"), folder("usr/bin"), file("usr/bin/sh"), merged];

  it.each<[string, ImageSpec["layers"], Record<string, string>]>([
    [
      "a whiteout takes a file away",
      [base, [file("etc/.wh.a", "")]],
      { etc: "/", "etc/b": "etc/b", "etc/d": "/", "etc/d/x": "etc/d/x", "etc/d/y": "etc/d/y" },
    ],
    [
      "a whiteout takes a folder away",
      [base, [file("etc/.wh.d", "")]],
      { etc: "/", "etc/a": "etc/a", "etc/b": "etc/b" },
    ],
    [
      "a whiteout does not take away what its own layer brings, before or after it",
      [
        base,
        [
          file("etc/a", "new"),
          file("etc/.wh.a", ""),
          file("etc/.wh.b", ""),
          file("etc/b", "new"),
          file("etc/.wh.d", ""),
          file("etc/d/z"),
        ],
      ],
      { etc: "/", "etc/a": "new", "etc/b": "new", "etc/d": "/", "etc/d/z": "etc/d/z" },
    ],
    [
      "an opaque folder has only what its own layer brings, before or after it",
      [base, [folder("etc"), file("etc/d/z"), file("etc/.wh..wh..opq", ""), file("etc/n")]],
      { etc: "/", "etc/n": "etc/n", "etc/d": "/", "etc/d/z": "etc/d/z" },
    ],
    ["an opaque root", [base, [file(".wh..wh..opq", ""), file("n")]], { n: "n" }],
    [
      "a whiteout of what is not there",
      [base.slice(0, 2), [file("etc/.wh.none", ""), file("new/.wh.none", "")]],
      { etc: "/", "etc/a": "etc/a", new: "/" },
    ],
    [
      "a file over a folder",
      [base, [file("etc/d", "file")]],
      { etc: "/", "etc/a": "etc/a", "etc/b": "etc/b", "etc/d": "file" },
    ],
    [
      "a folder over a file",
      [base.slice(0, 2), [folder("etc/a"), file("etc/a/in")]],
      { etc: "/", "etc/a": "/", "etc/a/in": "etc/a/in" },
    ],
    [
      "a symlink over a folder, and a file over a symlink",
      [base.slice(3), [link("etc/d", "elsewhere")], [file("etc/d", "file")]],
      { etc: "/", "etc/d": "file" },
    ],
    [
      "what is gone and comes back has nothing of before",
      [base.slice(3), [file("etc/.wh.d", "")], [file("etc/d/n")]],
      { etc: "/", "etc/d": "/", "etc/d/n": "etc/d/n" },
    ],
    [
      "a file in a folder that is a symlink below goes where that leads",
      [usr, [file("bin/tool")]],
      { bin: "-> usr/bin", usr: "/", "usr/bin": "/", "usr/bin/sh": "usr/bin/sh", "usr/bin/tool": "bin/tool" },
    ],
    ["a whiteout there too", [usr, [file("bin/.wh.sh", "")]], { bin: "-> usr/bin", usr: "/", "usr/bin": "/" }],
    [
      "a folder over a symlink replaces it",
      [usr, [folder("bin"), file("bin/tool")]],
      { bin: "/", "bin/tool": "bin/tool", usr: "/", "usr/bin": "/", "usr/bin/sh": "usr/bin/sh" },
    ],
    [
      "a symlink below that leads up or to the top stays inside",
      [
        [folder("a"), link("a/top", "/b"), link("a/up", "../../../../b")],
        [file("a/top/x"), file("a/up/y")],
      ],
      { a: "/", "a/top": "-> /b", "a/up": "-> ../../../../b", b: "/", "b/x": "a/top/x", "b/y": "a/up/y" },
    ],
    [
      "a hard link to a file of a layer below",
      [
        [folder("a"), file("a/x"), link("s", "a")],
        [link("y", "a/x", "Link"), link("z", "s/x", "Link"), file("a/.wh.x", "")],
      ],
      { a: "/", s: "-> a", y: "a/x", z: "a/x" },
    ],
    ["a hard link over the file that it links to", [[file("x")], [link("x", "x", "Link")]], { x: "x" }],
    [
      "a whole folder that only the upper one has",
      [[file("x")], [file("deep/er/est/y"), link("deep/er/link", "deep/er/est/y", "Link")]],
      {
        x: "x",
        deep: "/",
        "deep/er": "/",
        "deep/er/est": "/",
        "deep/er/est/y": "deep/er/est/y",
        "deep/er/link": "deep/er/est/y",
      },
    ],
    [
      "devices below dev/ are left out",
      [
        [
          folder("dev"),
          entry({ path: "./dev/null", type: "CharacterDevice", devmaj: 1, devmin: 3 }),
          entry({ path: "dev/initctl", type: "FIFO" }),
        ],
      ],
      { dev: "/" },
    ],
  ])("%s", async (_, layers, expected) => {
    await using at = await Pulling.open();
    await pull(at, layers);
    expect(await at.tree()).toEqual(expected);
    expect(await at.beside()).toEqual([]);
  });

  it("are the same however they are compressed, in one go or in several", async () => {
    const layers = Array.from({ length: 4 }, (_, at) => [file(`f${at}`, "x".repeat(400_000 + at))]);
    await using at = await Pulling.open();
    await pull(at, layers, { compression: ["gzip", "zstd", "none", "gzip"] });
    const tree = await at.tree();
    expect(Object.entries(tree).map(([path, text]) => [path, text.length])).toEqual(
      layers.map((_, n) => [`f${n}`, 400_000 + n]),
    );

    // As eStargz and zstd:chunked have it: many members or frames, one after the other.
    for (const [kind, compress] of [
      ["gzip", (part: Buffer) => gzipSync(part)],
      ["zstd", (part: Buffer) => zstdCompressSync(part, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
    ] as const) {
      await using again = await Pulling.open();
      const tar = archive(file("a"), file("b", "y".repeat(5_000)));
      const plain = ociImage({ layers: [tar], compression: ["none"] });
      const parts = [tar.subarray(0, 700), tar.subarray(700, 1_500), tar.subarray(1_500)];
      // Between frames of zstd there may be some with other things.
      const others = kind === "zstd" ? [Buffer.from("502a4d180400000061626364", "hex")] : [];
      const chunked = Buffer.concat(parts.flatMap((part) => [...others, compress(part)]).concat(others));
      registry.put("chunked", kind, withLayer(plain, chunked, kind));
      await again.pull(`registry.example/chunked:${kind}`, { env: { BAKERY_MIRROR: mirror.url } });
      expect(Object.keys(await again.tree())).toEqual(["a", "b"]);
    }
  });

  it("leave each thing its mode, owner and time, also where later layers put something in", async () => {
    await using at = await Pulling.open();
    const owned = { uid: 1234, gid: 4321, mtime: new Date(1_000_000_000_000) };
    await pull(at, [
      [
        folder(".", { mode: 0o555 }),
        folder("tmp", { mode: 0o1777, ...owned }),
        entry({ path: "su", mode: 0o4755, ...owned }, "x"),
        entry({ path: "plain", mode: 0o600, ...owned }, "x"),
        link("s", "su"),
      ],
      [file("tmp/late"), pax({ mtime: "1000000001.5", uid: "3000000" }), entry({ path: "odd" }, "x")],
    ]);
    const described = async (path: string) => {
      const { mode, uid, gid, mtimeMs } = await lstat(`${at.folder}/${path}`);
      return [(mode & 0o7777).toString(8), ...(isRoot ? [uid, gid] : []), mtimeMs];
    };
    const owner = isRoot ? [1234, 4321] : [];
    expect(await described("tmp")).toEqual(["1777", ...owner, 1_000_000_000_000]);
    expect(await described("su")).toEqual(["4755", ...owner, 1_000_000_000_000]);
    expect(await described("plain")).toEqual(["600", ...owner, 1_000_000_000_000]);
    expect(await described("odd")).toEqual(["644", ...(isRoot ? [3_000_000, 0] : []), 1_000_000_001_500]);
    expect((await stat(at.folder)).mode & 0o777).toBe(isRoot ? 0o555 : 0o755);
  });
});

describe("refused, with the layer and what is wrong with it, and nothing is left:", () => {
  const bomb = Buffer.concat([entry({ path: "x", size: 2 ** 33 - 512 }), Buffer.alloc(80 * 2 ** 20)]);
  it.each<[string, (host: string) => ImageSpec["layers"], string]>([
    ["a name that goes up", () => [[file("../escaped")]], "a path that goes up"],
    ["an absolute name", (host) => [[file(host)]], "an absolute path"],
    [
      "a file through a symlink of its own layer",
      (host) => [[link("out", dirname(host)), file("out/escaped")]],
      'below "out"',
    ],
    [
      "a folder through a symlink of its own layer",
      (host) => [[link("out", dirname(host)), folder("out/escaped")]],
      'below "out"',
    ],
    ["a file over a symlink of its own layer", (host) => [[link("x", host), file("x")]], 'it has "x" twice'],
    ["a folder over a symlink of its own layer", (host) => [[link("x", host), folder("x")]], 'it has "x/" twice'],
    ["a file through a file", () => [[file("x"), file("x/y")]], 'below "x"'],
    [
      "a file through a file of a layer below, by a symlink",
      () => [[file("x"), link("s", "x")], [file("s/y")]],
      'below "x"',
    ],
    ["a symlink without end below", () => [[link("a", "b"), link("b", "a")], [file("a/x")]], "symlinks without end"],
    ["a hard link to a file of the host", (host) => [[link("x", host, "Link")]], "an absolute path"],
    ["a hard link that goes up", () => [[link("x", "../host", "Link")]], "goes up"],
    ["a hard link to what is not there", () => [[link("x", "y", "Link")]], "no file below"],
    [
      "a hard link out by a symlink of its own layer",
      (host) => [[link("out", dirname(host)), link("x", "out/host", "Link")]],
      "no file below",
    ],
    [
      "a hard link out by a symlink below",
      (host) => [[link("out", dirname(host))], [link("x", "out/host", "Link")]],
      "no file below",
    ],
    ["a hard link to a folder", () => [[folder("d"), link("x", "d", "Link")]], "hard link to a folder"],
    ["a hard link to a folder below", () => [[folder("d")], [link("x", "d", "Link")]], "no file below"],
    ["a hard link twice", () => [[file("a")], [link("x", "a", "Link"), file("x")]], 'it has "x" twice'],
    ["a device", () => [[entry({ path: "x", type: "CharacterDevice", devmaj: 1, devmin: 3 })]], "character device"],
    ["a pipe", () => [[entry({ path: "devices/x", type: "FIFO" })]], "is a fifo"],
    ["a name with a zero byte", () => [[pax({ path: "a\0b" }), file("x")]], "zero byte"],
    ["a name that is too long", () => [[pax({ path: "x".repeat(256) }), file("x")]], "too long"],
    [
      "a path too long for this folder",
      () => [[pax({ path: `${"x".repeat(99)}/`.repeat(40).concat("y".repeat(80)) }), file("x")]],
      "too long",
    ],
    [
      "a whiteout of what is above",
      () => [[file("x")], [file("d/.wh...", "")]],
      'a whiteout of nothing that can be: ".wh..."',
    ],
    ["a whiteout of itself", () => [[file("x")], [file("d/.wh..", "")]], "a whiteout of nothing"],
    ["a whiteout of nothing", () => [[file("x")], [file(".wh.", "")]], "a whiteout of nothing"],
    ["a whiteout of another kind than there is", () => [[file(".wh..wh.plnk", "")]], "a whiteout of nothing"],
    ["a whiteout that is a folder", () => [[folder(".wh.x")]], "a whiteout of nothing"],
    ["a whiteout with something in it", () => [[file(".wh.x/y", "")]], "a whiteout with something in it"],
    ["a root that is a symlink", (host) => [[link("./", host)]], "its root is no folder"],
    ["an owner that is none", () => [[pax({ uid: "4294967295" }), file("x")]], "an owner or a time that is none"],
    ["a symlink to nothing", () => [[patched(link("x", "y"), 157, Buffer.alloc(1))]], "leads nowhere"],
    ["half an archive", () => [archive(file("x", "x".repeat(5_000))).subarray(0, 2_000)], "cut short"],
    ["a bomb", () => [bomb], "a decompression bomb"],
    ["no archive", () => [Buffer.from("<!doctype html>".repeat(100))], "no tar archive"],
  ])("%s", async (_, make, reason) => {
    await using at = await Pulling.open();
    await expect(pull(at, make(at.hostFile))).rejects.toMatchObject({
      message: "a layer of registry.example/planted:1 cannot be unpacked",
      details: { layer: expect.stringMatching(/^sha256:/), reason: expect.stringContaining(reason) },
    });
    expect(await at.beside()).toEqual([]);
    await expect(lstat(at.folder)).rejects.toThrow("ENOENT");
  });

  it("a bomb in zstd", async () => {
    await using at = await Pulling.open();
    await expect(pull(at, [bomb], { compression: ["zstd"] })).rejects.toMatchObject({
      details: { reason: expect.stringContaining("a decompression bomb") },
    });
  });

  it("more entries than there may be, of all layers together", async () => {
    await using at = await Pulling.open();
    const layers = [0, 1].map((n) => Array.from({ length: 6 }, (_, m) => folder(`d${n}${m}`)));
    await expect(pull(at, layers, {}, { maxEntries: 11 })).rejects.toMatchObject({
      details: { reason: "the image has more entries than any has" },
    });
    await pull(at, layers, {}, { maxEntries: 12 });
  });
});

describe("symlinks are content, and nothing is written or removed through them:", () => {
  it.each<[string, (host: string) => ImageSpec["layers"]]>([
    ["a file over a symlink to the host's", (host) => [[link("x", host)], [file("x", "theirs")]]],
    ["a file below a symlink out of the tree", (host) => [[link("out", dirname(host))], [file("out/host", "theirs")]]],
    [
      "a whiteout below a symlink out of the tree",
      (host) => [[link("out", dirname(host))], [file("out/.wh.host", "")]],
    ],
    [
      "an opaque folder that is a symlink out of the tree",
      (host) => [[link("out", dirname(host))], [file("out/.wh..wh..opq", "")]],
    ],
    ["a whiteout of a symlink to the host's", (host) => [[link("x", host)], [file(".wh.x", "")]]],
    [
      "a whiteout of a folder with a symlink out of it",
      (host) => [[folder("d"), link("d/out", dirname(host))], [file(".wh.d", "")]],
    ],
    [
      "modes of a folder where a symlink was",
      (host) => [
        [link("out", dirname(host))],
        [folder("out", { mode: 0 })],
        [file(".wh.out", ""), link("out", dirname(host))],
      ],
    ],
  ])("%s", async (_, make) => {
    await using at = await Pulling.open();
    const before = (await stat(at.workplace.path)).mode;
    await pull(at, make(at.hostFile)).catch(() => {});
    expect(await readFile(at.hostFile, "utf8")).toBe("the host's");
    expect(await at.beside()).toEqual([]);
    expect((await stat(at.workplace.path)).mode).toBe(before);
  });
});

/** The same image with other bytes for its layer, which unpack to the same. */
function withLayer(image: ReturnType<typeof ociImage>, bytes: Buffer, kind: "gzip" | "zstd") {
  const diffIds = image.layers.map(({ digest }) => digest);
  const made = ociImage({ layers: [bytes], compression: ["none"], diffIds });
  const layers = made.layers.map((layer) => ({ ...layer, mediaType: `${layer.mediaType}+${kind}` }));
  return ociImage({ layers: [bytes], compression: ["none"], diffIds, manifest: { layers } });
}
