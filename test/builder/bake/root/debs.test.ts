/** Debian packages from strangers: what they install is unpacked, and an error says what is wrong with others. */
import { mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { unpack } from "../../../../builder/bake/root/archive.ts";
import type { Arriving } from "../../../../builder/bake/root/read-archive.ts";
import { extract } from "../../../../builder/recipe/index.ts";
import { run } from "../../../../builder/system/run.ts";
import { archive, entry, link } from "../../../support/tar-archive.ts";
import { Kitchen } from "./kitchen.ts";

type Member = readonly [name: string, content: string | Buffer];

/** As ar(5) has it. */
function ar(...members: readonly Member[]): Buffer {
  const parts = members.map(([name, content]) => {
    const size = Buffer.byteLength(content);
    const header = `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6).repeat(2)}${"100644".padEnd(8)}`;
    const end = Buffer.from(size % 2 === 0 ? "" : "\n");
    return Buffer.concat([Buffer.from(`${header}${String(size).padEnd(10)}\`\n`), Buffer.from(content), end]);
  });
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}

const VERSION: Member = ["debian-binary", "2.0\n"];
const CONTROL: Member = ["control.tar", archive(entry({ path: "./control" }, "x"))];
const DATA: Member = ["data.tar", archive(entry({ path: "./usr/bin/tool", mode: 0o755 }, "tool"))];
const TEXT = "x".repeat(10_000);

describe("refused, with the package's address:", () => {
  it.each<[string, () => Buffer, string]>([
    ["a library of objects", () => ar(["tool.o/", "x"]), "an ar archive, but no Debian package"],
    ["an ar archive with nothing in it", () => ar(), "an ar archive, but no Debian package"],
    ["a package without data", () => ar(VERSION, CONTROL), "a Debian package without a data archive"],
    ["a package without control", () => ar(VERSION, DATA), 'a Debian package with "data.tar" in its place'],
    ["a package with other members", () => ar(VERSION, ["x", "x"], CONTROL, DATA), 'with "x" in its place'],
    ["a package with two controls", () => ar(VERSION, CONTROL, CONTROL, DATA), 'with "control.tar" in its place'],
    [
      "data that is compressed in a way of others",
      () => ar(VERSION, CONTROL, ["data.tar.lzma", "x"]),
      'with "data.tar.lzma" in its place',
    ],
    ["a format to come", () => ar(["debian-binary", "3.0\n"], CONTROL, DATA), 'a Debian package of format "3.0"'],
    ["a format without end", () => ar(["debian-binary", "2".repeat(1_000)]), "debian-binary is of 1000 bytes"],
    ["data that is no archive", () => ar(VERSION, CONTROL, ["data.tar", TEXT]), "it is no tar archive"],
    ["data that is cut short", () => ar(VERSION, CONTROL, ["data.tar.gz", gzipSync(TEXT).subarray(0, 20)]), "end of"],
    ["half a header", () => ar(VERSION, CONTROL, DATA).subarray(0, 100), "it is cut short"],
    ["half a format", () => ar(VERSION).subarray(0, 70), "it is cut short"],
    ["half a control archive", () => ar(VERSION, CONTROL, DATA).subarray(0, 500), "it is cut short"],
    ["half a data archive", () => ar(VERSION, CONTROL, DATA).subarray(0, -600), "it is cut short"],
    [
      "data without what comes after its end",
      () =>
        ar(VERSION, CONTROL, ["data.tar", Buffer.concat([DATA[1] as Buffer, Buffer.alloc(10_000)])]).subarray(0, -1),
      "it is cut short",
    ],
    [
      "a header that does not end",
      () => {
        const bytes = ar(VERSION, CONTROL, DATA);
        return bytes.fill("x", 66, 67);
      },
      "a header is damaged",
    ],
    [
      "a size that is none",
      () => {
        const bytes = ar(VERSION, CONTROL, DATA);
        return bytes.fill("-", 56, 57);
      },
      "a header is damaged",
    ],
    [
      "a name that goes up",
      () => ar(VERSION, CONTROL, ["data.tar", archive(entry({ path: "../escaped" }, "x"))]),
      'a path that goes up: "../escaped"',
    ],
    [
      "a bomb",
      () =>
        ar(VERSION, CONTROL, ["data.tar.gz", gzipSync(entry({ path: "x" }, Buffer.alloc(70 * 2 ** 20)), { level: 1 })]),
      "a decompression bomb",
    ],
  ])("%s", async (_, make, reason) => {
    await using kitchen = await Kitchen.open();
    await expect(kitchen.assemble([make(), extract(".")])).rejects.toMatchObject({
      message: "the archive cannot be unpacked",
      details: { url: "https://evil.example/0.tar", reason: expect.stringContaining(reason) },
    });
    expect(await kitchen.outside()).toEqual(["host"]);
  });
});

it("what its data archive has is taken, and nothing of the package's scripts", async () => {
  await using kitchen = await Kitchen.open();
  const data = archive(
    entry({ path: "./", type: "Directory" }),
    entry({ path: "./usr/bin/tool", mode: 0o755 }, "tool"),
    link("./usr/bin/same", "./usr/bin/tool", "Link"),
    entry({ path: "./etc/tool.conf" }, "x"),
  );
  const made = ar(["debian-binary/", "2.1\nmore\n"], ["_future", "odd"], CONTROL, ["data.tar/", data], ["later", "x"]);
  const root = await kitchen.assemble([made, extract(".", { only: ["usr"] })]);
  expect((await readdir(root)).sort()).toEqual(["usr"]);
  expect((await readdir(`${root}/usr/bin`)).sort()).toEqual(["same", "tool"]);
  expect(await readFile(`${root}/usr/bin/tool`, "utf8")).toBe("tool");
});

it("it is unpacked while it arrives", async () => {
  const bytes = ar(VERSION, CONTROL, DATA);
  const arriving: Arriving = {
    async *read() {
      yield bytes.subarray(0, -600);
      await new Promise(() => {});
    },
    whole: () => Promise.reject(new Error("nobody waits for all of it")),
  };
  for await (const first of unpack(arriving, { path: "", strip: 0, only: [] })) {
    expect(first).toMatchObject({ path: "usr/bin/tool", kind: "file", mode: 0o755, size: 4 });
    break;
  }
});

describe("what dpkg-deb has built can be read, compressed with", () => {
  it.each(["gzip", "xz", "zstd", "none"])("%s", async (compression) => {
    await using kitchen = await Kitchen.open();
    const source = kitchen.workplace.file("source");
    await mkdir(`${source}/DEBIAN`, { recursive: true, mode: 0o755 });
    await mkdir(`${source}/usr/bin`, { recursive: true });
    const control = { Package: "tool", Version: "1.0", Architecture: "all", Maintainer: "x <x@x>", Description: "x" };
    const fields = Object.entries(control).map(([name, value]) => `${name}: ${value}\n`);
    await writeFile(`${source}/DEBIAN/control`, fields.join(""));
    await writeFile(`${source}/DEBIAN/postinst`, "#!/bin/sh\n", { mode: 0o755 });
    await writeFile(`${source}/usr/bin/tool`, TEXT, { mode: 0o755 });
    await writeFile(`${source}/usr/bin/${"n".repeat(200)}`, "");
    await run("ln", ["-s", "tool", `${source}/usr/bin/link`]);
    const file = kitchen.workplace.file("made.tar");
    await run("dpkg-deb", ["--root-owner-group", `-Z${compression}`, "--build", source, file]);

    const root = await kitchen.assemble([await readFile(file), extract(".")]);
    await run("diff", ["-r", "--no-dereference", "-x", "lib", `${root}/usr`, `${source}/usr`]);
    expect(await readdir(root)).toEqual(["usr"]);
    expect(await readlink(`${root}/usr/bin/link`)).toBe("tool");
    expect(await run("stat", ["-c", "%a", `${root}/usr/bin/tool`])).toBe("755\n");
  });
});
