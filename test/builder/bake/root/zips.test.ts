/** Zip archives from strangers: unpacked as tar archives are, by the same rules, and an error says what is wrong. */
import { mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { unpack } from "../../../../builder/bake/root/archive.ts";
import { wholeContent } from "../../../../builder/bake/root/entry.ts";
import type { Arriving } from "../../../../builder/bake/root/read-archive.ts";
import { ArchiveError } from "../../../../builder/bake/root/tar-reader.ts";
import { extract } from "../../../../builder/recipe/index.ts";
import { run } from "../../../../builder/system/run.ts";
import { u16, u32, zip } from "../../../support/zip-archive.ts";
import { Kitchen } from "./kitchen.ts";

const FILE = 0o100644;
const PROGRAM = 0o100755;
const SYMLINK = 0o120777;
const FOLDER = 0o040755;
const TEXT = "a text that is long enough to be worth it ".repeat(100);
const UTF8 = 0x800;
const PIECE = 256 * 1024;

/** Info-ZIP's field for a name in UTF-8. */
function unicodePath(name: string, of: string): Buffer {
  const data = Buffer.concat([Buffer.of(1), u32(crc32(of)), Buffer.from(name)]);
  return Buffer.concat([u16(0x7075, data.length), data]);
}

/** What a zip64 archive has between its directory and its end, with nonsense in it. */
function zip64End(at: number, entries: number): Buffer {
  const huge = Buffer.alloc(8, 0xff);
  const count = u32(entries, 0);
  const record = [u32(0x06064b50, 44, 0), u16(45, 45), u32(0, 0), count, count, u32(0, 0), huge];
  return Buffer.concat([...record, u32(0x07064b50, 0, at, 0, 1)]);
}

describe("refused, with the archive's address:", () => {
  const good = () => zip([{ name: "x", content: TEXT }]);
  it.each<[string, () => Buffer, string]>([
    ["a name that goes up", () => zip([{ name: "../../escaped" }]), 'a path that goes up: "../../escaped"'],
    ["an absolute name", () => zip([{ name: "/etc/passwd" }]), 'an absolute path: "/etc/passwd"'],
    ["a name with a backslash", () => zip([{ name: "..\\escaped" }]), "a name with a backslash"],
    ["a name with a zero byte", () => zip([{ name: "x\0y" }]), "a name has a zero byte"],
    ["a name that is not UTF-8", () => zip([{ name: Buffer.from("caf\xe9", "latin1") }]), "a name is not UTF-8"],
    [
      "a name of no known encoding",
      () => zip([{ name: Buffer.from("caf\xe9", "latin1"), flags: 0 }]),
      "a name does not say how it is to be read",
    ],
    [
      "a name of a Unix that is not UTF-8",
      () => zip([{ name: Buffer.from("caf\xe9", "latin1"), flags: 0, mode: FILE }]),
      "a name is not UTF-8",
    ],
    [
      "a name in UTF-8 that was another one's",
      () => zip([{ name: "gr\u00fc\u00dfe", flags: 0, extra: unicodePath("grüße", "other") }]),
      "a name does not say how it is to be read",
    ],
    ["a name that is too long", () => zip([{ name: "x".repeat(256) }]), "too long"],
    ["a file twice", () => zip([{ name: "x" }, { name: "./x" }]), 'it has "x" twice'],
    [
      "a file where a symlink was",
      () => zip([{ name: "x", content: "/", mode: SYMLINK }, { name: "x" }]),
      'it has "x" twice',
    ],
    ["a device", () => zip([{ name: "x", mode: 0o020666 }]), '"x" is of a kind that no image may have'],
    ["a pipe", () => zip([{ name: "x", mode: 0o010666 }]), '"x" is of a kind that no image may have'],
    ["a file with a folder's name", () => zip([{ name: "x/", mode: FILE }]), '"x/" is a folder by its name'],
    ["a folder with content", () => zip([{ name: "x/", content: "x" }]), '"x/" is a folder and has content'],
    [
      "a symlink that leads too far",
      () => zip([{ name: "x", content: "y".repeat(5_000), mode: SYMLINK }]),
      '"x" leads too far',
    ],
    ["a symlink with a zero byte", () => zip([{ name: "x", content: "y\0", mode: SYMLINK }]), "a name has a zero byte"],
    ["an encrypted file", () => zip([{ name: "x", flags: UTF8 | 1 }]), '"x" is encrypted'],
    ["a strongly encrypted file", () => zip([{ name: "x", flags: UTF8 | 0x41 }]), "encryption is not supported"],
    ["an encrypted directory", () => zip([{ name: "x", flags: UTF8 | 0x2000 }]), '"x" is encrypted'],
    [
      "a method of others",
      () => zip([{ name: "x", directory: { method: 93 }, local: { method: 93 } }]),
      '"x" is compressed by method 93, which is not understood',
    ],
    ["a part of several", () => zip([{ name: "x" }], { disk: 2 }), "multi-disk"],
    [
      "the first part of several",
      () => Buffer.concat([Buffer.from("PK\x07\x08"), good().subarray(0, 100)]),
      "End of central directory record signature not found",
    ],
    [
      "another name in the directory",
      () => zip([{ name: "x", local: { name: Buffer.from("y") } }]),
      '"x" is something else in the archive\'s directory',
    ],
    [
      "another method in the directory",
      () => zip([{ name: "x", stored: true, content: "x", local: { method: 8 } }]),
      '"x" is something else in the archive\'s directory',
    ],
    [
      "another checksum",
      () => zip([{ name: "x", content: TEXT, directory: { crc: 1 } }]),
      '"x" is damaged: its checksum is another one',
    ],
    [
      "a byte that was changed",
      () => {
        const bytes = zip([{ name: "x", content: TEXT, stored: true }]);
        return bytes.fill("y", 100, 101);
      },
      '"x" is damaged: its checksum is another one',
    ],
    [
      "a file that is longer than it says",
      () => zip([{ name: "x", content: TEXT, directory: { size: 100 } }]),
      '"x" is longer than it says',
    ],
    [
      "a file that is shorter than it says",
      () => zip([{ name: "x", content: TEXT, directory: { size: 10_000 } }]),
      '"x" is shorter than it says',
    ],
    [
      "a file that is longer than the archive",
      () => zip([{ name: "x", content: TEXT, directory: { compressed: 10_000 } }]),
      "",
    ],
    ["half an archive", () => good().subarray(0, 60), "End of central directory record signature not found"],
    ["an archive with more behind it", () => Buffer.concat([good(), Buffer.from("more")]), "Invalid comment length"],
    ["a directory that is elsewhere", () => zip([{ name: "x" }], { directoryAt: 10_000 }), "cut short, or damaged"],
    [
      "a directory that is none",
      () => zip([{ name: "x" }], { directoryAt: 0 }),
      "invalid central directory file header",
    ],
    ["more entries than there are", () => zip([{ name: "x" }], { entries: 2 }), "cut short, or damaged"],
    [
      "a zip64 directory at no place",
      () => zip([{ name: "x" }], { before: (at, size) => zip64End(at + size, 1) }),
      "cut short, or damaged",
    ],
    [
      "zip64 sizes that are not there",
      () => zip([{ name: "x", directory: { size: 0xffffffff }, extra: u16(1, 0) }]),
      "zip64 extended information extra field does not include uncompressed size",
    ],
    [
      "a bomb",
      () => zip([{ name: "x", content: Buffer.alloc(70 * 2 ** 20) }]),
      "it unpacks to more than 100 times its size: a decompression bomb",
    ],
    [
      "a bomb in pieces",
      () => {
        const one = { content: Buffer.alloc(40 * 2 ** 20) };
        return zip([
          { name: "x", ...one },
          { name: "y", ...one },
        ]);
      },
      "a decompression bomb",
    ],
  ])("%s", async (_, make, reason) => {
    await using kitchen = await Kitchen.open();
    await expect(kitchen.assemble([make(), extract("usr")])).rejects.toMatchObject({
      message: "the archive cannot be unpacked",
      details: { url: "https://evil.example/0.tar", reason: expect.stringContaining(reason) },
      cause: expect.any(Error),
    });
    expect(await kitchen.outside()).toEqual(["host"]);
    expect(await readFile(kitchen.workplace.file("host"), "utf8")).toBe("the host's");
  });

  it("more entries than anybody can mean", async () => {
    const bytes = zip(Array.from({ length: 101 }, (_, at) => ({ name: `x${at}` })));
    const all = async () => {
      for await (const _ of unpack(inMemory(bytes), ALL, 100));
    };
    await expect(all()).rejects.toThrow("it has more than 100 entries");
  });
});

const ALL = { path: "usr", strip: 0, only: [] };

function inMemory(bytes: Buffer): Arriving {
  const read = async function* (from = 0, length = bytes.length) {
    yield bytes.subarray(from, from + length);
  };
  return { read: () => read(), whole: async () => ({ size: bytes.length, read }) };
}

it("a link leads nothing elsewhere", async () => {
  await using kitchen = await Kitchen.open();
  const content = zip([{ name: "up", content: "../..", mode: SYMLINK }, { name: "up/escaped" }]);
  await expect(kitchen.assemble([content, extract("usr")])).rejects.toThrow("leads through the symlink usr/up");
  expect(await kitchen.outside()).toEqual(["host"]);
});

it("modes are those of a Unix, if one has written them: programs are 0755, all else 0644", async () => {
  await using kitchen = await Kitchen.open();
  const content = zip([
    { name: "bin/", mode: FOLDER },
    { name: "bin/tool", content: TEXT, mode: PROGRAM },
    { name: "bin/su", content: TEXT, mode: 0o104711 },
    { name: "bin/notes", content: TEXT, mode: 0o100600, stored: true },
    { name: "bin/other.exe", content: TEXT },
    { name: "bin/empty" },
    { name: "bin/link", content: "tool", mode: SYMLINK },
  ]);
  const root = await kitchen.assemble([content, extract("usr")]);
  const modes = await run("find", [`${root}/usr/bin`, "-printf", "%f %y %m %s %l\n"]);
  const size = TEXT.length;
  expect(
    modes
      .trim()
      .split("\n")
      .map((line) => line.trimEnd().replace(/(?<= d 755) [0-9]+/, ""))
      .sort(),
  ).toEqual([
    "bin d 755",
    "empty f 644 0",
    "link l 777 4 tool",
    `notes f 644 ${size}`,
    `other.exe f 644 ${size}`,
    `su f 4755 ${size}`,
    `tool f 755 ${size}`,
  ]);
  expect(await readFile(`${root}/usr/bin/tool`, "utf8")).toBe(TEXT);
});

it("names are in UTF-8 where that is said, or a Unix has written them", async () => {
  await using kitchen = await Kitchen.open();
  const content = zip([
    { name: "grüße" },
    { name: "gr__e2", flags: 0, extra: unicodePath("grüße2", "gr__e2") },
    { name: "grüße3", flags: 0, mode: FILE },
  ]);
  const root = await kitchen.assemble([content, extract("usr/share")]);
  expect((await readdir(`${root}/usr/share`)).sort()).toEqual(["grüße", "grüße2", "grüße3"]);
});

it("of it is taken what the recipe wants, below the folders that it strips; an empty one has nothing of that", async () => {
  await using kitchen = await Kitchen.open();
  const content = zip([
    { name: "tool-1/bin/tool", content: "tool" },
    { name: "tool-1/README", content: "x" },
  ]);
  const install = extract("usr", { strip: 1, only: ["tool-1/bin"] });
  const root = await kitchen.assemble([content, install]);
  expect((await readdir(`${root}/usr`)).sort()).toEqual(["bin", "lib"]);
  expect(await readFile(`${root}/usr/bin/tool`, "utf8")).toBe("tool");
  await run("rm", ["-r", root]);
  await expect(kitchen.assemble([zip([]), install])).rejects.toThrow(
    "the archive has nothing of what the recipe takes",
  );
});

it("what Info-ZIP has written can be read, also without compression, with more than 4 GiB in mind, and with sizes behind the files", async () => {
  await using kitchen = await Kitchen.open();
  const source = kitchen.workplace.file("source");
  const long = `${"deep/".repeat(40)}${"n".repeat(200)}`;
  await mkdir(`${source}/${long}`, { recursive: true });
  await writeFile(`${source}/tool`, TEXT, { mode: 0o755 });
  await writeFile(`${source}/large`, Buffer.alloc(3 * PIECE + 1, "0123456789abcdef-"));
  await writeFile(`${source}/grüße 🍞`, "x");
  await run("ln", ["-s", "../tool", `${source}/${long}/link`]);
  const same = { cwd: source, env: { LC_ALL: "C.UTF-8" } };
  for (const [name, args] of [
    ["plain", []],
    ["stored", ["-0"]],
    ["zip64", ["--force-zip64"]],
  ] as const) {
    const file = kitchen.workplace.file(`${name}.tar`);
    await run("zip", ["-qry", ...args, `${file}.zip`, "."], same);
    const root = await kitchen.assemble([await readFile(`${file}.zip`), extract("usr")]);
    await run("diff", ["-r", "--no-dereference", "-x", "lib", `${root}/usr`, source]);
    expect(await readlink(`${root}/usr/${long}/link`)).toBe("../tool");
    expect(await run("stat", ["-c", "%a", `${root}/usr/tool`])).toBe("755\n");
    await run("rm", ["-r", root]);
  }
  // As into a pipe.
  const streamed = kitchen.workplace.file("streamed.zip");
  await run("zip", ["-q", "--force-descriptors", streamed, "large"], same);
  const root = await kitchen.assemble([await readFile(streamed), extract("usr")]);
  expect((await readFile(`${root}/usr/large`)).equals(await readFile(`${source}/large`))).toBe(true);
});

it("whatever byte is another one, or missing, it is unpacked or refused, and nothing hangs", async () => {
  const bytes = zip([
    { name: "one", content: TEXT, mode: PROGRAM },
    { name: "link", content: "one", mode: SYMLINK },
  ]);
  const outcome = async (damaged: Buffer) => {
    try {
      for await (const entry of unpack(inMemory(damaged), ALL)) {
        if (entry.kind === "file") await wholeContent(entry.content);
      }
      return "unpacked";
    } catch (error) {
      // What zlib says is clear too.
      const isTold = error instanceof ArchiveError || (error instanceof Error && "errno" in error);
      return isTold ? "refused" : error;
    }
  };
  expect(await outcome(bytes)).toBe("unpacked");
  const outcomes = new Set<unknown>();
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    outcomes.add(await outcome(damaged));
    if (at % 4 === 0) outcomes.add(await outcome(bytes.subarray(0, at)));
  }
  expect([...outcomes].sort()).toEqual(["refused", "unpacked"]);
});
