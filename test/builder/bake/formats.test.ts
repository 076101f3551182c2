/** Every format and compression: what is packed can be read back, and is the same bytes whoever packs it. */
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseCompression } from "../../../builder/bake/pack/compression.ts";
import { packerFor } from "../../../builder/bake/pack/packer.ts";
import { toolPath } from "../../../builder/bake/pack/tool.ts";
import { run } from "../../../builder/system/run.ts";
import type { ImageFormat } from "../../../schema/index.ts";
import { packFolder } from "../../support/pack-folder.ts";

const VARIANTS: readonly [ImageFormat, string][] = [
  ["squashfs", "gzip"],
  ["squashfs", "zstd"],
  ["squashfs", "xz"],
  ["squashfs", "lz4"],
  ["erofs", "lz4hc"],
  ["ext4", "none"],
  ["ext2", "none"],
];
const FILES = {
  "usr/bin/hello": "#!/bin/sh\necho hello\n",
  'usr/share/a b/it\'s "quoted"': "odd name",
  "usr/share/large": "0123456789abcdef".repeat(100_000),
  "usr/share/empty": "",
} as const;
const EPOCH = 1_700_000_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "formats-"));
  await chmod(folder, 0o777);
});
afterAll(() => rm(folder, { recursive: true }));

/** The same tree, whatever the order, times and modes that it is made with. */
async function plant(name: string, { reverse = false, umask = 0o022 } = {}): Promise<string> {
  const root = join(folder, name);
  const before = process.umask(umask);
  try {
    const files = Object.entries(FILES);
    for (const [path, text] of reverse ? files.reverse() : files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text, { mode: path.startsWith("usr/bin") ? 0o777 : 0o666 });
      await utimes(join(root, path), reverse ? 5 : 1_000_000_000, reverse ? 9 : 1_000_000_001);
    }
    await symlink("hello", join(root, "usr/bin/hi"));
  } finally {
    process.umask(before);
  }
  return root;
}

const tool = (command: string, ...args: string[]) => run(command, args, { env: { PATH: toolPath(), TZ: "UTC" } });

/** An unpacked image; e2fsprogs and btrfs-progs can do that without a mount too. */
async function unpack(format: ImageFormat, image: string, to: string): Promise<void> {
  await mkdir(to);
  if (format === "squashfs") await tool("unsquashfs", "-f", "-q", "-n", "-d", to, image);
  else if (format === "erofs") await tool("fsck.erofs", `--extract=${to}`, "--overwrite", "--preserve", image);
  else if (format === "btrfs") await tool("btrfs", "restore", "-m", "-S", image, to);
  else await tool("debugfs", "-R", `rdump /usr ${to}`, image);
}

describe.each([...VARIANTS, ["btrfs", "none"] as const])("%s with %s", (format, compression) => {
  it("can be read back: files, modes, owners and times", async () => {
    const root = await plant(`in-${format}-${compression}`, { umask: 0o077 });
    const image = join(folder, `${format}-${compression}.raw`);
    await packFolder(packerFor(format, compression), root, image, { epoch: EPOCH });
    const to = join(folder, `out-${format}-${compression}`);
    await unpack(format, image, to);

    for (const [path, text] of Object.entries(FILES)) expect(await readFile(join(to, path), "utf8")).toBe(text);
    const listed = await tool("find", to, "-mindepth", "1", "-name", "h*", "-printf", "%P %m %U:%G %l\n");
    expect(listed.split("\n").filter(Boolean).sort()).toEqual(["usr/bin/hello 755 0:0 ", "usr/bin/hi 777 0:0 hello"]);
    expect(await tool("find", join(to, "usr"), "-type", "f", "-printf", "%m %Ts\n").then(distinct)).toEqual([
      `644 ${EPOCH}`,
      `755 ${EPOCH}`,
    ]);
  });
});

const distinct = (text: string) => [...new Set(text.split("\n").filter(Boolean))].sort();

/** Packs in a process of its own, which can have another user, zone and number of processors. */
const PACK = `
const [, module, support, format, compression, root, file] = process.argv;
const { packerFor } = await import(module);
const { packFolder } = await import(support);
await packFolder(packerFor(format, compression), root, file, { epoch: 0 });
`;
const MODULE = fileURLToPath(new URL("../../../builder/bake/pack/packer.ts", import.meta.url));
const SUPPORT = fileURLToPath(new URL("../../support/pack-folder.ts", import.meta.url));

describe("the same tree gives the same bytes", () => {
  it.each(VARIANTS)("in %s with %s", async (format, compression) => {
    const [first, second] = [`one-${format}-${compression}`, `elsewhere/two-${format}-${compression}`];
    const roots = [await plant(first), await plant(second, { reverse: true, umask: 0o077 })] as const;
    const images = roots.map((root) => `${root}.raw`);
    const [one = "", two = ""] = images;
    await packFolder(packerFor(format, compression), roots[0], one, { epoch: 0 });

    const command = [process.execPath, "--input-type=module", "-e", PACK, MODULE, SUPPORT];
    command.push(format, compression, roots[1], two);
    const other: string[] = [];
    if (process.getuid?.() === 0) {
      // Nobody, who can neither read our home nor keep root's owners.
      await tool("chown", "-R", "65534:65534", join(folder, "elsewhere"));
      other.push("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
    }
    const env = { ...process.env, PATH: toolPath(), TZ: "Asia/Kathmandu", LC_ALL: "C.UTF-8", SOURCE_DATE_EPOCH: "77" };
    await promisify(execFile)("taskset", ["-c", "0", ...other, ...command], { env, cwd: "/" });
    expect((await readFile(two)).equals(await readFile(one))).toBe(true);
  });
});

describe("a compression", () => {
  it.each([
    ["squashfs", undefined, { name: "zstd", level: 12 }],
    ["squashfs", "gzip", { name: "gzip", level: 9 }],
    ["erofs", "zstd:3", { name: "zstd", level: 3 }],
    ["ext4", undefined, { name: "none", level: undefined }],
  ] as const)("of %s, %s, is %j", (format, text, expected) => {
    expect(parseCompression(format, text)).toEqual(expected);
  });

  it.each([
    ["squashfs", "zstd:23"],
    ["squashfs", "xz:3"],
    ["squashfs", "constructor"],
    ["erofs", "gzip"],
    ["ext2", "zstd"],
    ["btrfs", "zstd:"],
    ["squashfs", "gzip:9:9"],
  ] as const)("that %s has not, %s, is a misuse that lists what it has", (format, text) => {
    expect(() => parseCompression(format, text)).toThrow(`${format} has no compression ${text}`);
  });
});

describe("ext images", () => {
  it("refuse a name with a line break", async () => {
    const root = await plant("line-break");
    await writeFile(join(root, "usr/a\nb"), "");
    await expect(packFolder(packerFor("ext4"), root, join(folder, "x.raw"), { epoch: 0 })).rejects.toThrow(
      'ext images cannot have a line break in a name: "/usr/a\\nb"',
    );
  });

  it("refuse what does not fit", async () => {
    const root = await plant("too-large");
    await expect(packFolder(packerFor("ext4"), root, join(folder, "y.raw"), { epoch: 0, size: "1M" })).rejects.toThrow(
      "does not fit",
    );
  });
});

describe("a program", () => {
  it("that is too old is named with its package and the version needed", async () => {
    const bin = join(folder, "bin");
    await mkdir(bin);
    await writeFile(join(bin, "mkfs.erofs"), "#!/bin/sh\necho mkfs.erofs 1.5\n", { mode: 0o755 });
    const before = process.env.PATH;
    process.env.PATH = `${bin}:${before}`;
    try {
      await expect(packerFor("erofs", "zstd").tool()).rejects.toMatchObject({
        message: "mkfs.erofs 1.5 is too old for erofs with zstd",
        details: { needs: "erofs-utils 1.8 or later" },
      });
    } finally {
      process.env.PATH = before;
    }
  });
});
