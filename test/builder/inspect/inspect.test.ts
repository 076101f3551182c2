/** `./bakery inspect`: what it tells of an image, to people, to terminals and to programs. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../../builder/cli.ts";
import { formatReleaseManifest, type ReleaseManifest } from "../../../schema/index.ts";
import { Workplace } from "../../support/bakery.ts";
import { sha256 } from "../../support/sha256.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";
import { Images, ODD_NAME, RELEASE_FILE } from "./images.ts";

let images: Images;
let workplace: Workplace;
let image: string;
let hash: string;
beforeAll(async () => {
  images = await Images.open();
  workplace = await Workplace.open();
  image = await images.pack("squashfs", await images.tree("tree"));
  hash = sha256(await readFile(image));
});
afterAll(async () => {
  await images[Symbol.asyncDispose]();
  await workplace[Symbol.asyncDispose]();
});

const inspect = async (...args: string[]) => {
  const ran = await workplace.run(["inspect", ...args]);
  expect(ran).toMatchObject({ exitCode: 0 });
  return ran.stdout;
};
const rowsOf = (text: string) => text.split("\n").map((line) => line.split(/ {2,}/));

function manifestOf(digest: string): ReleaseManifest {
  return {
    schemaVersion: 1,
    extension: "greeter",
    version: "1.0.0",
    images: [
      {
        file: "greeter-1.0.0-x86-64.raw",
        arch: "x86-64",
        format: "squashfs",
        size: 4096,
        sha256: digest,
        allowed: [{ check: "setuid", reason: "it is what\x1b[2J it is for" }],
        inputsDigest: "0".repeat(64),
      },
    ],
    transfers: [],
    provenance: {
      commit: "c0ffee".padEnd(40, "0"),
      builtAt: "2026-11-25T12:00:00.000Z",
      bundled: {},
      downloads: [
        { url: "https://a.example/x", sha256: "1".repeat(64), size: 2048, verifiedBy: "pinned" },
        { url: "https://a.example/y", sha256: "2".repeat(64), size: 1, verifiedBy: "unverified", reason: "no sums" },
      ],
    },
  };
}

describe("to people it shows", () => {
  it("metadata", async () => {
    expect(rowsOf(await inspect(image))).toEqual(
      expect.arrayContaining([
        ["image", image],
        ["name", "greeter"],
        ["ID", "_any"],
        ["ARCHITECTURE", "x86-64"],
        ["SYSEXT_LEVEL", "1.0"],
        ["EXTENSION_RELOAD_MANAGER", "1"],
        ["format", "squashfs, zstd"],
        ["sha256", hash],
        ["unpacked", "196 KiB"],
        ["entries", "10 files, 10 folders, 2 symlinks"],
      ]),
    );
  });

  it("files with modes, sizes, machines and targets, and nothing that a terminal would act on", async () => {
    const text = await inspect(image);
    expect(rowsOf(text)).toEqual(
      expect.arrayContaining([
        ["-rwxr-xr-x", " 29 KiB", "x86-64", "usr/bin/hello"].map((cell) => cell.trim()),
        ["-rw-r--r--", "9 B", ODD_NAME],
        ["lrwxrwxrwx", "usr/bin/hi → hello"],
        ["drwxr-xr-x", "usr/bin"],
        ["-rw-r--r--", "0 B", "usr/share/\\x1b[2Jclear"],
      ]),
    );
    expect(text).not.toContain("\x1b");
  });

  it("units, and what upholds them", async () => {
    const dropIn = "usr/lib/systemd/system/multi-user.target.d/10-hello.conf";
    expect(rowsOf(await inspect(image))).toEqual(
      expect.arrayContaining([
        ["absent.service", "Wants= of multi-user.target", dropIn, "not in the image"],
        ["hello.service", "Upholds= of multi-user.target", dropIn],
        ["idle.service", "nothing upholds it"],
        ["linked.service", "Wants= of sockets.target", "usr/lib/systemd/system/sockets.target.wants/linked.service"],
      ]),
    );
  });

  it("an image without an extension-release file, as what it is", async () => {
    const bare = await images.pack("erofs", await images.tree("bare", { [RELEASE_FILE]: undefined }), "bare.raw");
    expect(await inspect(bare)).toMatch(/^name +none: /m);
    expect(JSON.parse(await inspect(bare, "--json"))).not.toHaveProperty("extension");
  });
});

describe("the largest files", () => {
  const charted = async (columns: number, ...args: string[]) => {
    let stdout = "";
    const screen = { isTTY: true, columns, write: (text: string) => (stdout += text) };
    const terminal = { stdout: screen, stderr: { write: () => {} }, env: {}, cwd: workplace.path };
    expect(await main(["inspect", image, ...args], terminal)).toBe(0);
    return stdout.slice(stdout.indexOf("LARGEST FILES\n")).split("\n").slice(1, -1);
  };

  it.each([60, 100])("are bars on a terminal of %i columns, the longest as long as there is room", async (columns) => {
    const lines = await charted(columns);
    expect(lines).toHaveLength(10);
    expect(lines[0]).toMatch(/^usr\/share\/large +166 KiB {2}█+$/);
    expect(lines[0]).toHaveLength(columns);
    expect(lines[1]).toMatch(/^usr\/bin\/hello +29 KiB {2}█+$/);
    const [first = 0, second = 0] = lines.map((line) => line.split("█").length - 1);
    expect(second).toBe(Math.round((first * 30_020) / 170_000));
    expect(lines.every((line) => line.length <= columns)).toBe(true);
  });

  it("are as many as is asked for", async () => {
    expect(await charted(80, "--largest", "2")).toHaveLength(2);
  });

  it("are plain columns, sorted by size, where nobody looks", async () => {
    const text = await inspect(image, "--largest", "3");
    expect(text).not.toContain("█");
    const [title, ...rows] = text.trimEnd().split("\n").slice(-4);
    expect(title).toBe("LARGEST FILES");
    expect(rows.map((row) => row.trim().split("  "))).toEqual([
      ["166 KiB", "usr/share/large"],
      ["29 KiB", "usr/bin/hello"],
      ["79 B", "usr/lib/systemd/system/multi-user.target.d/10-hello.conf"],
    ]);
  });
});

describe("provenance", () => {
  it("is what the manifest beside it says that names this very image", async () => {
    const folder = images.file("beside");
    await mkdir(folder);
    await writeFile(`${folder}/x.raw`, await readFile(image));
    await writeFile(`${folder}/a.release.json`, "{");
    await writeFile(`${folder}/b.release.json`, formatReleaseManifest(manifestOf("f".repeat(64))));
    expect(await inspect(`${folder}/x.raw`)).not.toContain("PROVENANCE");

    await writeFile(`${folder}/c.release.json`, formatReleaseManifest(manifestOf(hash)));
    expect(rowsOf(await inspect(`${folder}/x.raw`))).toEqual(
      expect.arrayContaining([
        ["manifest", "c.release.json"],
        ["release", "greeter-1.0.0"],
        ["commit", "c0ffee".padEnd(40, "0")],
        ["built", "2026-11-25T12:00:00.000Z"],
        ["download", "https://a.example/x"],
        ["", `2.0 KiB, sha256 ${"1".repeat(64)}`],
        ["", "verified by pinned"],
        ["", "unverified: no sums"],
        ["allowed", "setuid: it is what\\x1b[2J it is for"],
      ]),
    );
  });

  it.each([
    ["/b/extensions/greeter/greeter-1.0.0-x86-64.raw", "/b/extensions/greeter-1.0.0/release.json"],
    [
      "/o/r/releases/download/greeter-1.0.0/greeter-1.0.0-x86-64.raw",
      "/o/r/releases/download/greeter-1.0.0/release.json",
    ],
  ])("of %s is asked for at %s", async (path, manifest) => {
    const files = new Map<string, Buffer | string>([
      [path, await readFile(image)],
      [manifest, formatReleaseManifest(manifestOf(hash))],
    ]);
    const host = (request: Request) => {
      const body = files.get(new URL(request.url).pathname);
      return body === undefined
        ? new Response("absent\n", { status: 404 })
        : new Response(new Uint8Array(Buffer.from(body)));
    };
    await using mirror = await Mirror.open({ "bakery.example": host });
    const env = { BAKERY_MIRROR: mirror.url };
    const ran = await workplace.run(["inspect", `https://bakery.example${path}`, "--json"], env);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      image: `https://bakery.example${path}`,
      sha256: hash,
      provenance: {
        manifest: `https://bakery.example${manifest}`,
        release: "greeter-1.0.0",
        allowances: [{ check: "setuid" }],
        downloads: [{ verifiedBy: "pinned" }, { verifiedBy: "unverified", reason: "no sums" }],
      },
    });

    files.delete(manifest);
    const without = await workplace.run(["inspect", `https://bakery.example${path}`, "--json"], env);
    expect(without.exitCode).toBe(0);
    expect(JSON.parse(without.stdout)).not.toHaveProperty("provenance");
  });
});

describe("a URL", () => {
  it("that has nothing fails, and names it", async () => {
    await using mirror = await Mirror.open();
    const env = { BAKERY_MIRROR: mirror.url };
    const { exitCode, stderr } = await workplace.run(["inspect", "https://bakery.example/x.raw"], env);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("/bakery.example/x.raw\n");
  });
});

it("--json shows all of it to programs", async () => {
  const shown = JSON.parse(await inspect(image, "--json", "--largest", "1"));
  expect(shown).toMatchObject({
    image,
    extension: "greeter",
    release: { ID: "_any", ARCHITECTURE: "x86-64", SYSEXT_LEVEL: "1.0", EXTENSION_RELOAD_MANAGER: "1" },
    format: "squashfs",
    sha256: hash,
    largest: [{ path: "usr/share/large", size: 170_000 }],
  });
  expect(shown.units.map(({ unit, upheldBy }: { unit: string; upheldBy: object[] }) => [unit, upheldBy])).toEqual([
    ["absent.service", [expect.objectContaining({ unit: "multi-user.target", how: "Wants" })]],
    ["hello.service", [expect.objectContaining({ unit: "multi-user.target", how: "Upholds" })]],
    ["idle.service", []],
    ["linked.service", [expect.objectContaining({ unit: "sockets.target", how: "Wants" })]],
  ]);
});
