/** `./bakery create`: what it writes, and that it writes nothing when something is wrong. */
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { run } from "../../builder/system/run.ts";
import { parseReleaseManifest, parseSha256Sums, parseTransfer } from "../../schema/index.ts";
import { FIXTURES, Workplace } from "../support/bakery.ts";
import { sha256 } from "../support/sha256.ts";
import { archive, entry } from "../support/tar-archive.ts";
import { fileHost } from "../support/upstreams/file-host.ts";
import { FakeGitHub } from "../support/upstreams/github.ts";
import { Mirror } from "../support/upstreams/mirror.ts";
import { plant } from "./planted.ts";

const PLUGIN = "usr/local/lib/docker/cli-plugins/docker-compose";
const X86 = "docker-compose-linux-x86_64";
const ARM = "docker-compose-linux-aarch64";
const objectOf = (file: string) => `objects.githubusercontent.com/docker/compose/v2.34.0/${file}`;

async function open(assets: Record<string, string> = {}) {
  const workplace = await Workplace.open();
  const github = new FakeGitHub();
  github.publish("docker/compose", {
    tag: "v2.34.0",
    assets: {
      [X86]: "a program for x86-64",
      [ARM]: "a program for arm64",
      "checksums.txt": `${sha256("a program for arm64")} *${ARM}\n${sha256("a program for x86-64")} *${X86}\n`,
      ...assets,
    },
  });
  const mirror = await Mirror.open(github.hosts);
  const env = { BAKERY_MIRROR: mirror.url, BAKERY_URL: "https://bakery.example" };
  return {
    workplace,
    mirror,
    file: (name: string) => workplace.file(name),
    text: (name: string) => readFile(workplace.file(name), "utf8"),
    names: async () => (await readdir(workplace.path)).sort(),
    create: (...args: string[]) => workplace.run(["create", "docker-compose", "2.34.0", ...args], env),
    greeter: (...args: string[]) =>
      workplace.run(["create", "greeter", ...args], { ...env, BAKERY_EXTENSIONS: FIXTURES }),
    async [Symbol.asyncDispose]() {
      await mirror[Symbol.asyncDispose]();
      await workplace[Symbol.asyncDispose]();
    },
  };
}

const inside = (image: string, path: string) => run("unsquashfs", ["-cat", image, path]);
const METADATA = "usr/lib/extension-release.d/extension-release";

describe("a download from GitHub", () => {
  it("is verified, installed, packed and written down", async () => {
    await using at = await open();
    const { exitCode, stdout, stderr } = await at.create();
    expect(stderr).toContain("• Fetching 1 download           20 B, all verified\n");
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "docker-compose.raw\n" });
    expect(await at.names()).toEqual([
      "SHA256SUMS.docker-compose",
      "docker-compose.raw",
      "docker-compose.release.json",
    ]);

    const image = await readFile(at.file("docker-compose.raw"));
    expect(parseSha256Sums(await at.text("SHA256SUMS.docker-compose"))).toEqual([
      { file: "docker-compose.raw", sha256: sha256(image) },
    ]);
    expect(await inside(at.file("docker-compose.raw"), PLUGIN)).toBe("a program for x86-64");
    expect(await inside(at.file("docker-compose.raw"), `${METADATA}.docker-compose`)).toBe(
      "ID=_any\nARCHITECTURE=x86-64\n",
    );
    expect(await run("unsquashfs", ["-lln", at.file("docker-compose.raw"), PLUGIN])).toMatch(
      /-rwxr-xr-x 0\/0 .* 1970-01-01/,
    );
  });

  it("is one release for both architectures", async () => {
    await using at = await open();
    for (const arch of ["x86-64", "arm64"]) {
      expect(await at.create("--arch", arch, "--output-file", `docker-compose-2.34.0-${arch}.raw`)).toMatchObject({
        exitCode: 0,
      });
    }
    expect(await inside(at.file("docker-compose-2.34.0-arm64.raw"), PLUGIN)).toBe("a program for arm64");
    const { images, provenance } = parseReleaseManifest(await at.text("docker-compose.release.json"));
    expect(images.map(({ file }) => file)).toEqual([
      "docker-compose-2.34.0-x86-64.raw",
      "docker-compose-2.34.0-arm64.raw",
    ]);
    expect(provenance.downloads.map(({ sha256: hash, verifiedBy }) => [hash, verifiedBy])).toEqual([
      [sha256("a program for x86-64"), "checksum-file"],
      [sha256("a program for arm64"), "checksum-file"],
    ]);
  });

  it.each([503, "cut"] as const)("is tried again when the first try ends with %s", async (fault) => {
    await using at = await open();
    at.mirror.fail(objectOf(X86), fault);
    expect(await at.create()).toMatchObject({ exitCode: 0 });
    expect(at.mirror.count(objectOf(X86))).toBe(2);
  });

  it("that does not match its checksum is refused with both digests, and the image before stays", async () => {
    await using at = await open();
    await writeFile(at.file("docker-compose.raw"), "the image before");
    at.mirror.fail(objectOf(X86), "garble");
    const { exitCode, stdout, stderr } = await at.create();
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain(`error: ${X86} does not match its published checksum\n`);
    expect(stderr).toContain(`expected  ${sha256("a program for x86-64")}\n`);
    expect(stderr).toContain(`actual    ${sha256("?".repeat(20))}\n`);
    expect(await at.names()).toEqual(["docker-compose.raw"]);
    expect(await at.text("docker-compose.raw")).toBe("the image before");
  });

  it("of a version that is not there is refused, with where the versions are", async () => {
    await using at = await open();
    const { exitCode, stderr } = await at.workplace.run(["create", "docker-compose", "9.9.9"], {
      BAKERY_MIRROR: at.mirror.url,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("error: docker-compose 9.9.9 is not there for x86-64: not found upstream\n");
    expect(stderr).toContain("hint: ./bakery list docker-compose shows the versions that are\n");
    expect(await at.names()).toEqual([]);
  });

  it.each([
    ["names another file", `${sha256("x")}  another-file\n`, `has no sha256 for ${X86}`],
    ["is empty", "", `has no sha256 for ${X86}`],
    ["contradicts itself", `${sha256("x")}  ${X86}\n${sha256("y")}  ${X86}\n`, `has two digests for ${X86}`],
  ])("whose checksum file %s is refused", async (_, text, problem) => {
    await using at = await open({ "checksums.txt": text });
    expect(await at.create()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(problem) });
    expect(await at.names()).toEqual([]);
  });

  it.each([
    ["the digest alone", `${sha256("a program for x86-64").toUpperCase()}\n`],
    ["several files", `${sha256("x")}  other\n${sha256("a program for x86-64")}  ./dist/${X86}\n`],
  ])("is verified by a checksum file with %s", async (_, text) => {
    await using at = await open({ "checksums.txt": text });
    expect(await at.create()).toMatchObject({ exitCode: 0 });
  });
});

describe("options", () => {
  it("--sysupdate writes the transfer file of the bakery that BAKERY_URL names", async () => {
    await using at = await open();
    await at.create("--sysupdate", "true");
    const { source, target } = parseTransfer(await at.text("docker-compose.conf"));
    expect(source.path).toBe("https://bakery.example/extensions/docker-compose/");
    expect(target.currentSymlink).toBe("/etc/extensions/docker-compose.raw");
  });

  it("--name, --os and --force-reload change the image's metadata as the reference's do", async () => {
    await using at = await open();
    expect(await at.greeter("1.0.0", "--name", "hello", "--os", "flatcar", "--force-reload")).toMatchObject({
      exitCode: 0,
    });
    expect(await at.names()).toEqual(["SHA256SUMS.hello", "hello.raw", "hello.release.json"]);
    expect(await inside(at.file("hello.raw"), `${METADATA}.hello`)).toBe(
      "ID=flatcar\nSYSEXT_LEVEL=1.0\nARCHITECTURE=x86-64\nEXTENSION_RELOAD_MANAGER=1\n",
    );
  });

  it("--epoch is every time in the image", async () => {
    await using at = await open();
    await at.greeter("1.0.0", "--epoch", "1700000000");
    const listing = await run("unsquashfs", ["-lln", at.file("greeter.raw")]);
    expect(new Set(listing.match(/\d{4}-\d{2}-\d{2}/g))).toEqual(new Set(["2023-11-14"]));
  });

  it("--allow lets pass what a check refuses, and the manifest says why", async () => {
    await using at = await open();
    const env = { BAKERY_EXTENSIONS: await plant(at.workplace, "", { "etc/x.conf": "" }) };
    const create = (...args: string[]) => at.workplace.run(["create", "planted", "1.0.0", ...args], env);
    expect(await create()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("etc is outside of usr/") });

    const { exitCode, stdout, stderr } = await create("--allow", "layout=a host reads it", "--json");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringContaining("warning: etc is outside of usr/ and opt/ (layout)\n"),
    });
    expect(JSON.parse(stdout).warnings).toEqual([{ check: "layout", message: "etc is outside of usr/ and opt/" }]);
    const [image] = parseReleaseManifest(await at.text("planted.release.json")).images;
    expect(image?.allowed).toEqual([{ check: "layout", reason: "a host reads it" }]);
  });

  it.each(["squashfs", "erofs", "ext4", "ext2", "btrfs"])("--format %s is what the manifest says", async (format) => {
    await using at = await open();
    const compression = format === "btrfs" ? ["--compression", "none"] : [];
    expect(await at.greeter("1.0.0", "--format", format, ...compression)).toMatchObject({ exitCode: 0 });
    const [image] = parseReleaseManifest(await at.text("greeter.release.json")).images;
    expect(image?.format).toBe(format);
    expect(image?.size).toBe((await readFile(at.file("greeter.raw"))).length);
  });

  it("--json gives the result to programs", async () => {
    await using at = await open();
    const { stdout } = await at.greeter("1.0.0", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      release: "greeter-1.0.0",
      image: at.file("greeter.raw"),
      transfers: [],
    });
  });

  it.each([
    [["1.0.0", "--arch", "mips"], "'mips' is invalid. allowed: x86-64, arm64"],
    [["1.0.0", "--format", "zip"], "Allowed choices are squashfs"],
    [["1.0.0", "--epoch", "yesterday"], "'yesterday' is invalid. seconds since 1970"],
    [["1.0.0", "--os", "a b"], "--os a b is no ID= of an os-release"],
    [["1.0.0", "--name", "../x"], 'invalid extension name: "../x"'],
    [["1.0.0", "--allow", "nonsense=x"], "checks are layout, usr-sbin, extension-release"],
    [["1.0.0", "--allow", "layout= "], "say why: layout=<reason>"],
    [
      ["1.0.0", "--compression", "brotli"],
      "squashfs has no compression brotli\nhint: it has zstd:1-22, gzip:1-9, xz, lz4",
    ],
    [["1.0.0", "--ext-fs-size", "big"], "no size for a file system: big"],
    [["1.0.0", "--colour", "red"], "unknown option '--colour'"],
    [["../../etc"], 'invalid version: "../../etc"'],
    [["1.0.0\n"], "invalid version"],
    [["3.0.0"], "greeter has no version 3.0.0\nhint: it has 1.0.0, 1.2.0"],
    [[], "missing required argument 'version'"],
    [["1.0.0", "--output-file", "nowhere/x"], "no such folder"],
  ])("%j is a misuse that says why", async (args, problem) => {
    await using at = await open();
    const { exitCode, stderr, stdout } = await at.greeter(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(problem);
    expect(await at.names()).toEqual([]);
  });

  it("tells programs of a misuse on stdout", async () => {
    await using at = await open();
    const { exitCode, stdout } = await at.greeter("3.0.0", "--json");
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout).error).toMatchObject({ kind: "UsageError", message: "greeter has no version 3.0.0" });
  });

  it.each([[["create", "--help"]], [["create", "help"]], [["create", "greeter", "help"]], [["help", "create"]]])(
    "%j shows all options",
    async (args) => {
      await using at = await open();
      const { exitCode, stdout } = await at.workplace.run(args);
      expect(exitCode).toBe(0);
      for (const option of [
        "--arch",
        "--output-file",
        "--name",
        "--os",
        "--force-reload",
        "--sysupdate",
        "--format",
        "--epoch",
      ]) {
        expect(stdout).toContain(option);
      }
    },
  );
});

it("a setuid program ships if the recipe declares it, and keeps its bit; undeclared it is refused", async () => {
  const content = archive(entry({ path: "bin/x", mode: 0o4755 }, "a program"));
  const download = `{ url: "https://files.example/a.tar", verify: r.pinned({ "1.0.0": "${sha256(content)}" }), install: r.extract("usr") }`;
  await using mirror = await Mirror.open({ "files.example": fileHost({ "/a.tar": content }) });
  for (const [declared, exitCode] of [
    ["", 1],
    ['setuid: ["usr/bin/x"],', 0],
  ] as const) {
    await using workplace = await Workplace.open();
    const extensions = await plant(workplace, `downloads: () => [${download}], ${declared}`);
    const env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: extensions };
    const ran = await workplace.run(["create", "planted", "1.0.0"], env);
    expect(ran.exitCode).toBe(exitCode);
    if (exitCode === 1) expect(ran.stderr).toContain("usr/bin/x is setuid root, and the recipe does not declare it");
    else
      expect(await run("unsquashfs", ["-lln", workplace.file("planted.raw"), "usr/bin/x"])).toMatch(/-rwsr-xr-x 0\/0/);
  }
});

describe("the same inputs", () => {
  it("are not baked again while the image is there and as it was", async () => {
    await using at = await open();
    const first = await at.create("--sysupdate");
    const [bakedAt, manifest] = [
      (await stat(at.file("docker-compose.raw"))).mtimeMs,
      await at.text("docker-compose.release.json"),
    ];
    const again = await at.create("--sysupdate");
    expect(again).toEqual({ ...first, stderr: "  unchanged: these inputs have made docker-compose.raw before\n" });
    expect((await stat(at.file("docker-compose.raw"))).mtimeMs).toBe(bakedAt);
    expect(await at.text("docker-compose.release.json")).toBe(manifest);
    expect(at.mirror.count(objectOf(X86))).toBe(1);
  });

  it.each<[string, (at: Awaited<ReturnType<typeof open>>) => Promise<unknown>, string[]]>([
    ["where the image is damaged", (at) => writeFile(at.file("greeter.raw"), "damaged"), []],
    ["where it is gone", (at) => rm(at.file("greeter.raw")), []],
    ["where another time is asked for", async () => {}, ["--epoch", "7"]],
    ["where another format is", async () => {}, ["--format", "erofs"]],
    ["where another compression is", async () => {}, ["--compression", "gzip"]],
  ])("are baked again %s", async (_, change, args) => {
    await using at = await open();
    await at.greeter("1.0.0");
    const before = await readFile(at.file("greeter.raw"));
    await change(at);
    const { stderr } = await at.greeter("1.0.0", ...args);
    expect(stderr).toContain("• Packing");
    expect((await readFile(at.file("greeter.raw"))).equals(before)).toBe(args.length === 0);
  });

  it("do not keep an image that a check would refuse now", async () => {
    await using at = await open();
    const env = { BAKERY_EXTENSIONS: await plant(at.workplace, "", { "etc/x.conf": "" }) };
    const create = (...args: string[]) => at.workplace.run(["create", "planted", "1.0.0", ...args], env);
    await create("--allow", "layout=a host reads it");
    expect((await create("--allow", "layout=a host reads it")).stderr).toContain("unchanged");
    expect(await create()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("must not ship") });
  });

  it("are told of a new bakery in transfer files all the same", async () => {
    await using at = await open();
    await at.create("--sysupdate");
    const env = { BAKERY_MIRROR: at.mirror.url, BAKERY_URL: "https://other.example" };
    const { stderr } = await at.workplace.run(["create", "docker-compose", "2.34.0", "--sysupdate"], env);
    expect(stderr).toContain("unchanged");
    expect(await at.text("docker-compose.conf")).toContain("https://other.example");
    const { transfers } = parseReleaseManifest(await at.text("docker-compose.release.json"));
    expect(transfers[0]?.sha256).toBe(sha256(await at.text("docker-compose.conf")));
  });
});

it("writes the same bytes again in another folder, under another umask and time zone", async () => {
  await using at = await open();
  await at.greeter("1.0.0");
  const before = process.umask(0o077);
  try {
    await at.greeter("1.0.0", "--output-file", "again");
  } finally {
    process.umask(before);
  }
  expect(await readFile(at.file("again.raw"))).toEqual(await readFile(at.file("greeter.raw")));
});
