/** Full disks, kills, hostile archives, images that must not ship: each ends with a word of why, and loses nothing. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create as createTar } from "tar";
import { afterEach, describe, expect, it, vi } from "vitest";
import { run } from "../../builder/system/run.ts";
import { FIXTURES, Workplace } from "../support/bakery.ts";
import { mergingUnavailable } from "../support/merged.ts";
import { describeWhere } from "../support/requirements.ts";
import { sha256 } from "../support/sha256.ts";
import { fileHost } from "../support/upstreams/file-host.ts";
import { FakeGitHub } from "../support/upstreams/github.ts";
import { Mirror } from "../support/upstreams/mirror.ts";
import { plant } from "./planted.ts";

const BAKERY = fileURLToPath(new URL("../../bakery", import.meta.url));
const PROGRAM = "docker-compose-linux-x86_64";
const OBJECT = `objects.githubusercontent.com/docker/compose/v1.0.0/${PROGRAM}`;

/** A mirror with docker-compose 1.0.0, whose program does not compress. */
async function compose(size: number): Promise<Mirror> {
  const content = randomBytes(size);
  const github = new FakeGitHub();
  const checksums = `${sha256(content)} *${PROGRAM}\n`;
  github.publish("docker/compose", { tag: "v1.0.0", assets: { [PROGRAM]: content, "checksums.txt": checksums } });
  return Mirror.open(github.hosts);
}

afterEach(() => vi.unstubAllEnvs());

describeWhere(await mergingUnavailable(), "a full disk", () => {
  /** Gives `use` a folder on a disk of 64 KiB. */
  async function withSmallDisk(workplace: Workplace, use: (folder: string) => Promise<void>): Promise<void> {
    const folder = workplace.file("small");
    await mkdir(folder);
    await run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
    try {
      await use(folder);
    } finally {
      await run("umount", [folder]);
    }
  }
  const SIZE = 60_000;

  it("for downloads is an error that says so, and leaves nothing behind", async () => {
    await using workplace = await Workplace.open();
    await using mirror = await compose(4 * SIZE);
    await withSmallDisk(workplace, async (folder) => {
      const env = { BAKERY_MIRROR: mirror.url, BAKERY_CACHE: folder };
      const ran = await workplace.run(["create", "docker-compose", "1.0.0"], env);
      expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("no space left") });
      expect(ran.stderr).toContain(folder);
      expect(ran.stderr).toContain("hint: free some space");
      const left = await readdir(folder, { recursive: true, withFileTypes: true });
      expect(left.filter((entry) => entry.isFile())).toEqual([]);
    });
    expect(await readdir(workplace.path)).toEqual(["small"]);
  });

  it("for what is unpacked is an error that says so, and leaves nothing behind", async () => {
    await using workplace = await Workplace.open();
    const archive = workplace.file("archive.tar.gz");
    await writeFile(workplace.file("zeros"), Buffer.alloc(20 * SIZE));
    await createTar({ file: archive, cwd: workplace.path, gzip: true }, ["zeros"]);
    await using mirror = await Mirror.open({ "files.example": fileHost({ "/a.tar.gz": await readFile(archive) }) });
    const url = "https://files.example/a.tar.gz";
    const fields = `downloads: () => [{ url: "${url}", verify: r.unverified("a test"), install: r.extract("usr") }],`;
    const env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: await plant(workplace, fields) };
    await withSmallDisk(workplace, async (folder) => {
      vi.stubEnv("TMPDIR", folder);
      // Squashfs is made of what passes by, and needs no room for it.
      const ran = await workplace.run(["create", "planted", "1.0.0", "--format", "erofs"], env);
      expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`no space left for temporary files`) });
      expect(await readdir(folder)).toEqual([]);
    });
  });

  it("for what is published is an error that says so, and the index names only what is there", async () => {
    await using workplace = await Workplace.open();
    await using mirror = await compose(4 * SIZE);
    const env = { BAKERY_MIRROR: mirror.url };
    await workplace.run(
      ["create", "docker-compose", "1.0.0", "--output-file", "docker-compose-1.0.0-x86-64", "--sysupdate"],
      env,
    );
    await withSmallDisk(workplace, async (folder) => {
      const ran = await workplace.run(["publish", "docker-compose.release.json", "--to", "small"]);
      expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("no space left for") });
      const names = await readdir(folder, { recursive: true });
      expect(names.filter((name) => /SHA256SUMS|releases.json|raw|publishing/.test(name))).toEqual([]);
    });
  });

  it("for the image is an error that says so, and keeps the image before", async () => {
    await using workplace = await Workplace.open();
    await using mirror = await compose(4 * SIZE);
    await withSmallDisk(workplace, async (folder) => {
      await writeFile(join(folder, "docker-compose.raw"), "the image before");
      const args = ["create", "docker-compose", "1.0.0", "--output-file", "small/docker-compose"];
      const ran = await workplace.run(args, { BAKERY_MIRROR: mirror.url });
      expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/no space left/i) });
      expect(await readdir(folder)).toEqual(["docker-compose.raw"]);
      expect(await readFile(join(folder, "docker-compose.raw"), "utf8")).toBe("the image before");
    });
  });
});

describe("a bake that is killed", () => {
  /** The real process, in a folder of its own, with its temporary files below it. */
  class Bake {
    readonly exit: Promise<{ code: number | null; signal: string | null }>;
    readonly child: ChildProcess;

    constructor(workplace: Workplace, env: NodeJS.ProcessEnv, ...args: string[]) {
      const folders = { TMPDIR: workplace.file("tmp"), BAKERY_CACHE: workplace.cache };
      const settings = { ...process.env, ...folders, ...env };
      this.child = spawn(BAKERY, ["create", ...args], { cwd: workplace.path, env: settings, stdio: "ignore" });
      this.exit = new Promise((resolve) => this.child.on("close", (code, signal) => resolve({ code, signal })));
    }
  }

  async function open(): Promise<Workplace> {
    const workplace = await Workplace.open();
    await mkdir(workplace.file("tmp"));
    await writeFile(workplace.file("docker-compose.raw"), "the image before");
    return workplace;
  }
  const leftOver = (workplace: Workplace) => readdir(workplace.file("tmp"));
  const names = (workplace: Workplace) => readdir(workplace.path).then((all) => all.sort());

  it.each(["SIGINT", "SIGTERM"] as const)("by %s in a download leaves nothing behind", async (signal) => {
    await using workplace = await open();
    await using mirror = await compose(100_000);
    mirror.fail(OBJECT, "stall");
    const bake = new Bake(workplace, { BAKERY_MIRROR: mirror.url }, "docker-compose", "1.0.0");
    await expect.poll(() => mirror.count(OBJECT), { timeout: 20_000 }).toBe(1);
    bake.child.kill(signal);
    expect(await bake.exit).toEqual({ code: 130, signal: null });
    expect(await leftOver(workplace)).toEqual([]);
    expect(await names(workplace)).toEqual(["docker-compose.raw", "tmp"]);
  });

  it("by SIGKILL leaves the image before, and the next run clears up", async () => {
    await using workplace = await open();
    await using mirror = await compose(100_000);
    mirror.fail(OBJECT, "stall");
    const env = { BAKERY_MIRROR: mirror.url };
    const bake = new Bake(workplace, env, "docker-compose", "1.0.0");
    await expect.poll(() => mirror.count(OBJECT), { timeout: 20_000 }).toBe(1);
    bake.child.kill("SIGKILL");
    await bake.exit;
    expect(await leftOver(workplace)).toHaveLength(1);
    expect(await readFile(workplace.file("docker-compose.raw"), "utf8")).toBe("the image before");

    expect((await new Bake(workplace, env, "docker-compose", "1.0.0").exit).code).toBe(0);
    expect(await leftOver(workplace)).toEqual([]);
  });

  /** Starts to write an image, then takes forever. */
  const SLOW_PACKER = `#!/bin/sh
if [ "$1" = -version ]; then echo "mksquashfs version 4.5.1 (2022/03/17)"; exit 0; fi
echo "half an image" > "$2"
exec sleep 60
`;

  it("in the packer ends the packer too; half an image never has the final name, and goes with the next run", async () => {
    await using workplace = await open();
    const bin = workplace.file("tmp/bin");
    await mkdir(bin);
    await writeFile(join(bin, "mksquashfs"), SLOW_PACKER);
    await chmod(join(bin, "mksquashfs"), 0o755);
    const slow = { PATH: `${bin}:${process.env.PATH}`, BAKERY_EXTENSIONS: FIXTURES };
    const partials = async () => (await names(workplace)).filter((name) => name.includes("partial"));

    // ./bakery puts node_modules/.bin first, which has no mksquashfs.
    const ended = new Bake(workplace, slow, "greeter", "1.0.0");
    await expect.poll(partials, { timeout: 20_000 }).toHaveLength(1);
    ended.child.kill("SIGTERM");
    expect(await ended.exit).toEqual({ code: 130, signal: null });
    expect(await partials()).toEqual([]);

    const killed = new Bake(workplace, slow, "greeter", "1.0.0");
    await expect.poll(partials, { timeout: 20_000 }).toHaveLength(1);
    killed.child.kill("SIGKILL");
    await killed.exit;
    expect(await names(workplace)).not.toContain("greeter.raw");
    expect(await workplace.run(["create", "greeter", "1.0.0"], { BAKERY_EXTENSIONS: FIXTURES })).toMatchObject({
      exitCode: 0,
    });
    expect(await partials()).toEqual([]);
  });
});

describe("an image that would hurt a host does not ship", () => {
  it.each<[string, string, Record<string, string>, string]>([
    ["a file that would not be merged", "", { "etc/x.conf": "" }, "etc is outside of usr/ and opt/"],
    ["usr/sbin", "", { "usr/sbin/x": "" }, "usr/sbin would replace the host's"],
    [
      "another extension's metadata",
      "",
      { "usr/lib/extension-release.d/extension-release.other": "" },
      "extension-release.other is another extension's",
    ],
    [
      "nothing of what it promises",
      'provides: ["usr/bin/y"],',
      {},
      "usr/bin/y is missing, which the recipe says it provides",
    ],
  ])("%s", async (_, fields, files, problem) => {
    await using workplace = await Workplace.open();
    const env = { BAKERY_EXTENSIONS: await plant(workplace, fields, files) };
    const ran = await workplace.run(["create", "planted", "1.0.0"], env);
    expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(problem) });
    expect(await readdir(workplace.path)).toEqual(["extensions"]);
  });

  it("a recipe that writes out of the image or through a symlink is refused", async () => {
    for (const [entry, problem] of [
      ['r.file("../escaped", "")', "not a path inside the image: ../escaped"],
      ['r.file("/etc/passwd", "")', "not a path inside the image: /etc/passwd"],
      ['r.symlink("usr/out", "/tmp"), r.file("usr/out/x", "")', "usr/out/x leads through the symlink usr/out"],
      ['r.remove("usr/bin/y")', "the image has no usr/bin/y"],
      ['r.replace("usr/bin/x", "a", "b")', "nothing to replace in usr/bin/x"],
    ]) {
      await using workplace = await Workplace.open();
      const env = { BAKERY_EXTENSIONS: await plant(workplace, `tree: () => [${entry}],`) };
      const { exitCode, stderr } = await workplace.run(["create", "planted", "1.0.0"], env);
      expect(exitCode).toBe(1);
      expect(stderr).toContain(problem);
    }
  });
});

describe("a hostile archive", () => {
  it.each(["../escaped", "/tmp/escaped-by-absolute-name", "out/escaped"])(
    "does not write %s out of the image",
    async (name) => {
      await using workplace = await Workplace.open();
      const source = workplace.file("source");
      await mkdir(join(source, "in"), { recursive: true });
      await writeFile(join(source, "in/file"), "gotcha");
      await symlink(workplace.path, join(source, "out"));
      const archive = workplace.file("archive.tar");
      const onWriteEntry = (entry: { path: string }) => {
        if (entry.path === "in/file") entry.path = name;
      };
      const how = { file: archive, cwd: source, preservePaths: true, portable: true, onWriteEntry };
      await createTar(how, ["out", "in/file"]);

      const content = await readFile(archive);
      const host = () => new Response(content);
      await using mirror = await Mirror.open({ "evil.example": host });
      const verify = `r.pinned({ "1.0.0": "${sha256(content)}" })`;
      const fields = `downloads: () => [{ url: "https://evil.example/a.tar", verify: ${verify}, install: r.extract("usr") }],`;
      const env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: await plant(workplace, fields) };
      await workplace.run(["create", "planted", "1.0.0"], env);
      expect(await readdir(workplace.path)).not.toContain("escaped");
      await expect(readFile("/tmp/escaped-by-absolute-name")).rejects.toThrow("ENOENT");
    },
  );
});

it("a recipe that cannot be loaded is an error that names it and says why", async () => {
  await using workplace = await Workplace.open();
  const env = { BAKERY_EXTENSIONS: await plant(workplace, "oops oops") };
  const { exitCode, stderr } = await workplace.run(["list"], env);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("error: the recipe of planted cannot be loaded\n");
  await cp(workplace.file("extensions"), workplace.file("other"), { recursive: true });
  await writeFile(workplace.file("other/planted/recipe.ts"), "export default 1;\n");
  const other = await workplace.run(["list"], { BAKERY_EXTENSIONS: workplace.file("other") });
  expect(other.stderr).toContain("error: the recipe of planted exports no extension\n");
});
