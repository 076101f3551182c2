/** Images of every format are read alike, whoever made them and whoever looks; what is wrong with one is said. */
import { execFile } from "node:child_process";
import { chmod, mkdir, open, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImageFormat } from "../../../schema/index.ts";
import { Workplace } from "../../support/bakery.ts";
import { FILES, FORMATS, Images, LINKS } from "./images.ts";

let images: Images;
let workplace: Workplace;
const made = new Map<ImageFormat, string>();
beforeAll(async () => {
  images = await Images.open();
  workplace = await Workplace.open();
  const root = await images.tree("tree");
  for (const format of FORMATS) made.set(format, await images.pack(format, root));
});
afterAll(async () => {
  await images[Symbol.asyncDispose]();
  await workplace[Symbol.asyncDispose]();
});

const imageOf = (format: ImageFormat) => made.get(format) ?? "";

async function inspect(image: string, env: NodeJS.ProcessEnv = {}) {
  const { exitCode, stdout, stderr } = await workplace.run(["inspect", image, "--json"], env);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return JSON.parse(stdout);
}

/** A copy of an image in which bytes were changed. */
async function tamper(format: ImageFormat, name: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const image = images.file(name);
  await writeFile(image, change(await readFile(imageOf(format))));
  return image;
}

describe.each(FORMATS)("%s", (format) => {
  it("is recognised, and shows every entry of its content and no other", async () => {
    const { entries, ...shown } = await inspect(imageOf(format));
    expect(shown).toMatchObject({
      format,
      size: (await stat(imageOf(format))).size,
      files: Object.keys(FILES).length,
      // Without ext's lost+found.
      folders: 10,
      symlinks: Object.keys(LINKS).length,
      unpackedSize: Object.values(FILES).reduce((sum, content) => sum + Buffer.byteLength(content), 0),
    });
    const found = entries.filter(({ kind }: { kind: string }) => kind !== "folder");
    expect(found).toHaveLength(Object.keys({ ...FILES, ...LINKS }).length);
    for (const [path, content] of Object.entries(FILES)) {
      const mode = path.startsWith("usr/bin") ? "0755" : "0644";
      expect(found).toContainEqual(
        expect.objectContaining({ path, kind: "file", mode, size: Buffer.byteLength(content) }),
      );
    }
    for (const [path, target] of Object.entries(LINKS)) {
      expect(found).toContainEqual({ path, kind: "symlink", mode: "0777", size: 0, target });
    }
    expect(entries).toContainEqual({ path: "usr/bin/hello", kind: "file", mode: "0755", size: 30_020, arch: "x86-64" });
  });

  it("shows modes as they are in the image: setuid, sticky, closed to its owner", async () => {
    const { entries } = await inspect(await images.packOddModes(format));
    const modes = Object.fromEntries(entries.map(({ path, mode }: Record<string, string>) => [path, mode]));
    expect(modes).toMatchObject({ "usr/bin/hello": "6755", "usr/share/large": "0000", "usr/share/a b": "1000" });
  });

  it("that is cut short is refused", async () => {
    // Squashfs is padded, so its own word counts: `bytes_used`.
    const image = await tamper(format, `short-${format}.raw`, (bytes) =>
      bytes.subarray(0, format === "squashfs" ? bytes.readUInt32LE(40) - 1 : bytes.length - 1),
    );
    const { exitCode, stdout, stderr } = await workplace.run(["inspect", image]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(/^error: \S+ is cut short\n.*hint: get it again/s);
  });

  it("that is damaged is refused, with what was found", async () => {
    // Behind the superblock of each.
    const from = { squashfs: 96, erofs: 1152, ext4: 4096, ext2: 4096, btrfs: 0x11000 }[format];
    const image = await tamper(format, `damaged-${format}.raw`, (bytes) => bytes.fill(0xff, from));
    const { exitCode, stdout, stderr } = await workplace.run(["inspect", image]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(
      new RegExp(`^error: ${image} is damaged, or .*\n  format  ${format}\n  found   .*hint: get`, "s"),
    );
  });
});

/** Inspects in a process of its own, which can have another user. */
const INSPECT = `
const [, module, cwd, ...images] = process.argv;
const { main } = await import(module);
const written = [];
const terminal = { stdout: { write: (text) => written.push(JSON.parse(text)) }, stderr: process.stderr, env: {}, cwd };
for (const image of images) await main(["inspect", image, "--json"], terminal);
process.stdout.write(JSON.stringify(written));
`;
const MODULE = fileURLToPath(new URL("../../../builder/cli.ts", import.meta.url));

it("a user sees what root sees, in every format, and leaves nothing behind", async () => {
  const odd = await Promise.all(FORMATS.map((format) => images.packOddModes(format, `user-${format}`)));
  const node = [process.execPath, "--input-type=module", "-e", INSPECT, MODULE, "/", ...odd];
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const [command = "", ...args] = process.getuid?.() === 0 ? [...nobody, ...node] : node;
  const tmp = images.file("tmp");
  await mkdir(tmp);
  await chmod(tmp, 0o777);
  const { stdout } = await promisify(execFile)(command, args, { cwd: "/", env: { ...process.env, TMPDIR: tmp } });
  expect(JSON.parse(stdout)).toEqual(await Promise.all(odd.map((image) => inspect(image))));
  expect(await readdir(tmp)).toEqual([]);
});

describe("the superblock tells", () => {
  it.each([
    ["squashfs", { compression: "zstd", blockSize: 1024 ** 2 }],
    ["erofs", { compression: "lz4", blockSize: 4096 }],
    ["ext4", { compression: "none", blockSize: 4096 }],
  ] as const)("of %s compression and block size", async (format, expected) => {
    expect(await inspect(imageOf(format))).toMatchObject(expected);
  });
});

describe("a program that is missing", () => {
  it("is named with its package", async () => {
    const before = process.env.PATH;
    process.env.PATH = images.path;
    try {
      const { exitCode, stderr } = await workplace.run(["inspect", imageOf("squashfs")]);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("error: unsquashfs is not installed\nhint: install Debian's package squashfs-tools\n");
    } finally {
      process.env.PATH = before;
    }
  });
});

describe("what is no image", () => {
  it("is refused by name, with the formats that are known", async () => {
    await writeFile(workplace.file("page.raw"), "<!doctype html>");
    const { exitCode, stderr } = await workplace.run(["inspect", "page.raw"]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: page\.raw is no image\n {2}known {2}squashfs, erofs, ext4, ext2, btrfs\n/);
  });

  it.each(["absent.raw", "folder", "page.raw/x"])("as %s is a misuse", async (name) => {
    await mkdir(workplace.file("folder"), { recursive: true });
    const { exitCode, stderr } = await workplace.run(["inspect", name]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(name);
  });
});

describe("an image that is made to mislead", () => {
  const replaceAll = (bytes: Buffer, from: string, to: string) => {
    expect(bytes.includes(from)).toBe(true);
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at, "latin1");
    return bytes;
  };

  it.each([
    ["erofs", "leads out of its folder", "empty", "../xx", "no name of a file"],
    ["erofs", "has a name twice", "empty", "large", "there twice"],
    ["ext2", "leads out of its folder", "empty", "../xx", "e2fsck -fn finds errors"],
    ["ext2", "has a name twice", "empty", "large", "e2fsck -fn finds errors"],
  ] as const)("in %s, which %s, is not unpacked", async (format, what, from, to, found) => {
    const image = await tamper(format, `${format}-${to.replaceAll("/", "_")}-${what.length}.raw`, (bytes) =>
      replaceAll(bytes, from, to),
    );
    const { exitCode, stderr } = await workplace.run(["inspect", image]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("is damaged") });
    expect(stderr).toContain(found);
  });

  it.each(["squashfs", "btrfs"] as const)("in %s by a line break in a name is refused", async (format) => {
    const line = "x\n-rwsr-xr-x 0/0 1 1970-01-01 00:00 squashfs-root/usr/bin/hello";
    const root = await images.tree(`break-${format}`, { [`usr/${line}`]: "" }).catch(() => "");
    const image = await images.pack(format, root, `break-${format}.raw`);
    const { exitCode, stderr } = await workplace.run(["inspect", image]);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("a name with a line break"),
    });
  });

  it("with a pipe is refused without waiting at it", async () => {
    const root = await images.tree("pipe");
    await promisify(execFile)("mkfifo", [`${root}/usr/pipe`]);
    const image = images.file("pipe.raw");
    await promisify(execFile)("mksquashfs", [root, image, "-quiet", "-no-progress"]);
    const { exitCode, stderr } = await workplace.run(["inspect", image]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`usr/pipe in ${image} is neither file, folder nor symlink`);
  });

  it("by a size that no disk holds is refused before it is unpacked", async () => {
    const root = await images.tree("huge");
    const file = await open(`${root}/usr/share/huge`, "w");
    await file.truncate(17 * 1024 ** 3);
    await file.close();
    const image = images.file("huge.raw");
    await writeFile(image, "");
    await truncate(image, 4 * 1024 ** 2);
    await promisify(execFile)("mke2fs", ["-q", "-t", "ext4", "-d", root, image], {
      env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    });
    await chmod(image, 0o644);
    const { exitCode, stderr } = await workplace.run(["inspect", image]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error: ${image} is too large to be unpacked\n`);
  });
});
