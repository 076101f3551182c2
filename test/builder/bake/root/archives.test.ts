/** Archives from strangers: whatever is in them, nothing is written outside of the image, and an error says why. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { unpack } from "../../../../builder/bake/root/archive.ts";
import { binary, extract, take } from "../../../../builder/recipe/index.ts";
import { run } from "../../../../builder/system/run.ts";
import { archive, entry, link, patched, pax } from "../../../support/tar-archive.ts";
import { Kitchen } from "./kitchen.ts";

const latin1 = Buffer.from("caf\xe9", "latin1");

describe("refused, with the archive's address:", () => {
  it.each<[string, (host: string) => Buffer, string]>([
    [
      "a name that goes up",
      () => archive(entry({ path: "../../escaped" }, "x")),
      'a path that goes up: "../../escaped"',
    ],
    [
      "a name that goes up behind a pax header",
      () => archive(pax({ path: "a/../../b" }), entry({ path: "x" })),
      "goes up",
    ],
    ["an absolute name", (host) => archive(entry({ path: host }, "x")), "an absolute path"],
    ["a hard link to a file of the machine", (host) => archive(link("x", host, "Link")), "an absolute path"],
    ["a hard link that goes up", () => archive(link("x", "../../host", "Link")), 'goes up: "../../host"'],
    [
      "a hard link to what is not there",
      () => archive(link("x", "y", "Link")),
      '"x" is a hard link to "y", which is no file',
    ],
    ["a hard link to a symlink", (host) => archive(link("y", host), link("x", "y", "Link")), "which is no file"],
    [
      "a device",
      () => archive(entry({ path: "x", type: "CharacterDevice", devmaj: 1, devmin: 3 })),
      "character device",
    ],
    ["a block device", () => archive(entry({ path: "x", type: "BlockDevice", devmaj: 8 })), "block device"],
    ["a pipe", () => archive(entry({ path: "x", type: "FIFO" })), "is a fifo"],
    [
      "a sparse file as GNU tar writes it",
      () => patched(archive(entry({ path: "x" }, "x")), 156, Buffer.from("S")),
      "is a",
    ],
    [
      "a sparse file in pax",
      () => archive(pax({ "GNU.sparse.major": "1" }), entry({ path: "x" }, "x")),
      "a sparse file",
    ],
    ["a file twice", () => archive(entry({ path: "x" }, "one"), entry({ path: "./x" }, "two")), 'it has "x" twice'],
    ["a file where a symlink was", (host) => archive(link("x", host), entry({ path: "x" }, "x")), 'it has "x" twice'],
    [
      "a name that is not UTF-8",
      () => archive(patched(entry({ path: "cafe" }, "x"), 0, latin1)),
      "a name is not UTF-8",
    ],
    ["a pax name that is not UTF-8", () => archive(pax({ path: latin1 }), entry({ path: "x" })), "a name is not UTF-8"],
    [
      "a link to a name that is not UTF-8",
      () => archive(patched(link("x", "cafe"), 157, latin1)),
      "a name is not UTF-8",
    ],
    ["a name with a zero byte", () => archive(pax({ path: "usr/x\0y" }), entry({ path: "x" })), "zero byte"],
    ["a name that is too long", () => archive(pax({ path: "x".repeat(256) }), entry({ path: "x" })), "too long"],
    ["a path that is too long", () => archive(pax({ path: "xx/".repeat(2_000) }), entry({ path: "x" })), "too long"],
    [
      "a pax header without end",
      () => archive(pax({ comment: "x".repeat(2 ** 20) }), entry({ path: "x" })),
      "a header of",
    ],
    [
      "a pax header that lies about its length",
      () => archive(entry({ path: "h", type: "ExtendedHeader" }, "99 path=x\n")),
      "pax header is damaged",
    ],
    [
      "a global header that names files",
      () => archive(pax({ path: "x" }, "GlobalExtendedHeader"), entry({ path: "y" })),
      "global header",
    ],
    [
      "a header that does not add up",
      () => archive(entry({ path: "a" }), entry({ path: "x" }).fill("y", 0, 1)),
      "a header is damaged",
    ],
    ["half an archive", () => archive(entry({ path: "x" }, "x".repeat(5_000))).subarray(0, 2_000), "cut short"],
    ["an archive that ends in a header", () => archive(entry({ path: "x" })).subarray(0, 700), "cut short"],
    [
      "half a compressed archive",
      () => gzipSync(archive(entry({ path: "x" }, "x".repeat(5_000)))).subarray(0, 60),
      "unexpected end",
    ],
    [
      "a damaged compressed archive",
      () => gzipSync(archive(entry({ path: "x" }, "x".repeat(5_000)))).fill(7, 20, 24),
      "",
    ],
    ["a web page", () => Buffer.from("<!doctype html>".repeat(100)), "no tar archive"],
    ["nothing", () => Buffer.alloc(0), "no tar archive"],
    [
      "a bomb",
      () => gzipSync(entry({ path: "x", size: 2 ** 33 - 512 }, Buffer.alloc(80 * 2 ** 20)), { level: 1 }),
      "a decompression bomb",
    ],
    [
      "a bomb in zstd",
      () => zstdCompressSync(Buffer.concat([entry({ path: "x", size: 2 ** 33 - 512 }), Buffer.alloc(80 * 2 ** 20)])),
      "a decompression bomb",
    ],
  ])("%s", async (_, make, reason) => {
    await using kitchen = await Kitchen.open();
    const content = make(kitchen.workplace.file("host"));
    await expect(kitchen.assemble([content, extract("usr")])).rejects.toMatchObject({
      message: "the archive cannot be unpacked",
      details: { url: "https://evil.example/0.tar", reason: expect.stringContaining(reason) },
    });
    expect(await kitchen.outside()).toEqual(["host"]);
    expect(await readFile(kitchen.workplace.file("host"), "utf8")).toBe("the host's");
  });

  it("more entries than anybody can mean", async () => {
    const bytes = async function* () {
      for (let at = 0; at <= 100; at++) yield entry({ path: `x${at}`, type: "Directory" });
    };
    const all = async () => {
      for await (const _ of unpack(
        { read: bytes, whole: () => Promise.reject() },
        { path: "usr", strip: 0, only: [] },
        100,
      ));
    };
    await expect(all()).rejects.toThrow("it has more than 100 entries");
  });
});

describe("a link leads nothing elsewhere:", () => {
  it.each<[string, (host: string) => Buffer, string]>([
    [
      "a file through a link that goes up",
      () => archive(link("up", "../.."), entry({ path: "up/escaped" }, "x")),
      "usr/up/escaped leads through the symlink usr/up",
    ],
    [
      "a file through an absolute link",
      (host) => archive(link("out", host), entry({ path: "out/escaped" }, "x")),
      "leads through the symlink usr/out",
    ],
    [
      "a folder through a link",
      (host) => archive(link("out", host), entry({ path: "out/in/", type: "Directory" })),
      "leads through the symlink usr/out",
    ],
    [
      "a file below a file",
      () => archive(entry({ path: "x" }, "x"), entry({ path: "x/y" }, "x")),
      "usr/x/y is below usr/x, which is a file",
    ],
  ])("%s", async (_, make, problem) => {
    await using kitchen = await Kitchen.open();
    const content = make(kitchen.workplace.file("host"));
    await expect(kitchen.assemble([content, extract("usr")])).rejects.toThrow(problem);
    expect(await kitchen.outside()).toEqual(["host"]);
  });

  it("that one archive brings, and another one's files or a program are to go through", async () => {
    for (const install of [extract("usr/out"), extract("usr/out/deeper"), binary("usr/out/tool")]) {
      await using kitchen = await Kitchen.open();
      const first = archive(entry({ path: "lib/", type: "Directory", mode: 0o755 }), link("out", "lib"));
      const second = archive(entry({ path: "deeper/escaped" }, "x"));
      await expect(kitchen.assemble([first, extract("usr")], [second, install])).rejects.toMatchObject({
        message: "usr/out is a folder in one place and a symlink in another",
        details: { "https://evil.example/1.tar": "folder", "https://evil.example/0.tar": "symlink" },
      });
    }
  });
});

it("an archive without what the recipe wants is refused, with what that is", async () => {
  await using kitchen = await Kitchen.open();
  const content = archive(entry({ path: "package/bin/tool" }, "x"));
  await expect(kitchen.assemble([content, extract("usr", { only: ["package/bin/other"] })])).rejects.toMatchObject({
    message: "the archive has nothing of what the recipe takes from it",
    details: { url: "https://evil.example/0.tar", wanted: "package/bin/other" },
  });
  await using other = await Kitchen.open();
  await expect(other.assemble([content, take({ "package/bin/other": "usr/bin/tool" })])).rejects.toMatchObject({
    details: { url: "https://evil.example/0.tar", wanted: "package/bin/other", into: "usr/bin/tool" },
  });
});

it("each part of an archive can have a place of its own, and what has none is left out", async () => {
  await using kitchen = await Kitchen.open();
  const content = archive(
    entry({ path: "./tool-1.0/bin/tool", mode: 0o755 }, "the tool"),
    link("./tool-1.0/bin/alias", "./tool-1.0/bin/tool", "Link"),
    entry({ path: "./tool-1.0/bin-more/x" }, "x"),
    entry({ path: "./tool-1.0/share/doc/a" }, "a"),
    entry({ path: "./tool-1.0/LICENSE" }, "free"),
  );
  const places = {
    "tool-1.0/bin/tool": "usr/bin/tool",
    "tool-1.0/bin": "usr/libexec/tool",
    "tool-1.0/share": "usr/share/tool",
    "tool-1.0/absent": "usr/absent",
  };
  const root = await kitchen.assemble([content, take(places)]);
  const found = await run("find", [
    root,
    "-type",
    "f",
    "-not",
    "-path",
    "*/extension-release.d/*",
    "-printf",
    "%P %m\n",
  ]);
  expect(found.trim().split("\n").sort()).toEqual([
    "usr/bin/tool 755",
    "usr/libexec/tool/alias 755",
    "usr/share/tool/doc/a 644",
  ]);
  expect(await readFile(`${root}/usr/libexec/tool/alias`, "utf8")).toBe("the tool");
});

it("an archive's modes, owners and times do not show: programs are 0755, all else 0644; setuid is kept, for a check", async () => {
  await using kitchen = await Kitchen.open();
  const content = archive(
    entry({ path: "bin/", type: "Directory", mode: 0o1700, uid: 1000 }),
    entry({ path: "bin/tool", mode: 0o711, uid: 1000 }, "x"),
    entry({ path: "bin/su", mode: 0o4711, uid: 1000 }, "x"),
    entry({ path: "bin/notes", mode: 0o600 }, "x"),
  );
  const root = await kitchen.assemble([content, extract("usr")]);
  const modes = await run("find", [`${root}/usr/bin`, "-printf", "%f %m %U %Ts\n"]);
  const { uid = 0 } = { uid: process.getuid?.() };
  expect(modes.trim().split("\n").sort()).toEqual(
    ["bin 755", "notes 644", "su 4755", "tool 755"].map((line) => `${line} ${uid} 0`),
  );
});

describe("what programs that write archives have written can be read:", () => {
  const LONG = `${"deep/".repeat(40)}${"n".repeat(200)}`;

  it.each(["gnu", "pax", "ustar", "v7"])("GNU tar's %s", async (format) => {
    await using kitchen = await Kitchen.open();
    const source = kitchen.workplace.file("source");
    await mkdir(`${source}/bin`, { recursive: true });
    await writeFile(`${source}/bin/tool`, "a program", { mode: 0o755 });
    const { long, more } =
      format === "gnu" || format === "pax" ? { long: LONG, more: "grüße 🍞\n" } : { long: "short", more: "x" };
    await mkdir(`${source}/${long}`, { recursive: true });
    await writeFile(`${source}/${long}/${more}`, "x".repeat(1_234));
    await run("ln", ["-s", format === "v7" ? "bin" : `${"../".repeat(20)}${"t".repeat(30)}`, `${source}/link`]);
    await run("ln", [`${source}/bin/tool`, `${source}/bin/same`]);
    const file = kitchen.workplace.file("made.tar");
    await run("tar", ["-C", source, `--format=${format}`, "--sort=name", "-cf", file, "."]);

    const root = await kitchen.assemble([await readFile(file), extract("usr")]);
    const listed = (folder: string) => run("find", [folder, "-mindepth", "1", "-printf", "%P %y %s %l %n\\0"]);
    const sizes = (text: string) =>
      text
        .replace(/ d [0-9]+/g, " d")
        .split("\0")
        .sort();
    expect(sizes(await listed(`${root}/usr`)).filter((line) => !line.startsWith("lib"))).toEqual(
      sizes(await listed(source)).map((line) => line.replace(/ d .*$/, (rest) => rest)),
    );
    await run("diff", ["-r", "--no-dereference", "-x", "lib", `${root}/usr`, source]);
  });

  it.each([
    ["gzip", ["gzip", "-c"]],
    ["xz", ["xz", "-c"]],
    ["bzip2", ["bzip2", "-c"]],
    ["zstd", undefined],
    ["nothing", ["cat"]],
  ] as const)("compressed with %s", async (_, command) => {
    await using kitchen = await Kitchen.open();
    const file = kitchen.workplace.file("plain.tar");
    const content = archive(entry({ path: "share/text" }, "x".repeat(100_000)));
    await writeFile(file, content);
    const compressed = kitchen.workplace.file("compressed.tar");
    if (command === undefined) await writeFile(compressed, zstdCompressSync(content));
    else await run("sh", ["-c", `${command.join(" ")} "$0" > "$1"`, file, compressed]);
    const root = await kitchen.assemble([await readFile(compressed), extract("usr")]);
    expect(await readFile(`${root}/usr/share/text`, "utf8")).toBe("x".repeat(100_000));
  });

  it("damaged ones say so by the program's own words", async () => {
    await using kitchen = await Kitchen.open();
    const content = Buffer.concat([Buffer.from("\xfd7zXZ\0", "latin1"), Buffer.alloc(100)]);
    await expect(kitchen.assemble([content, extract("usr")])).rejects.toThrow("xz failed: exit code 1");
  });
});
