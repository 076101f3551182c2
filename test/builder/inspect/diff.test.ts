/** `./bakery diff`: what differs between two images, whatever their formats. */

import { readFile, rm, symlink } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Workplace } from "../../support/bakery.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";
import { FILES, Images, ODD_NAME, RELEASE_FILE } from "./images.ts";

const LARGE = "0123456789abcdef\n".repeat(10_000);
const HELLO = "usr/lib/systemd/system/hello.service";

let images: Images;
let workplace: Workplace;
let before: string;
let after: string;
beforeAll(async () => {
  images = await Images.open();
  workplace = await Workplace.open();
  before = await images.pack("squashfs", await images.tree("before"), "before.raw");
  const tree = await images.tree("after", {
    [RELEASE_FILE]: "ID=flatcar\nARCHITECTURE=x86-64\nVERSION_ID=1\n",
    [ODD_NAME]: undefined,
    // As long as before.
    "usr/share/large": LARGE.replace("0123", "abcd"),
    "usr/bin/hello": Buffer.concat([Buffer.from(FILES["usr/bin/hello"] ?? ""), Buffer.alloc(1024)]),
    "usr/share/a b/new": "new\n".repeat(512),
    [HELLO]: "[Unit]\nDescription=says \x1b[31mhello\n[Service]\nExecStart=/usr/bin/hello\n",
  });
  await rm(`${tree}/usr/bin/hi`);
  await symlink("hello-2", `${tree}/usr/bin/hi`);
  after = await images.pack("erofs", tree, "after.raw");
});
afterAll(async () => {
  await images[Symbol.asyncDispose]();
  await workplace[Symbol.asyncDispose]();
});

const diff = async (...args: string[]) => {
  const ran = await workplace.run(["diff", ...args]);
  expect(ran).toMatchObject({ exitCode: 0 });
  return ran.stdout;
};
const rowsOf = (text: string) => text.split("\n").map((line) => line.split(/ {2,}/));

describe("of two images it shows", () => {
  it("metadata first, then entries with what of them differs, and the sum at the end", async () => {
    const text = await diff(before, after, "--stat");
    const rows = rowsOf(text);
    expect(rows.slice(0, 7)).toEqual([
      ["ID", "_any → flatcar"],
      ["SYSEXT_LEVEL", "1.0 → none"],
      ["EXTENSION_RELOAD_MANAGER", "1 → none"],
      ["format", "squashfs → erofs"],
      ["compression", "zstd → lz4"],
      ["block size", "1048576 → 4096"],
      ["sha256", expect.stringMatching(/^[0-9a-f]{64} → [0-9a-f]{64}$/)],
    ]);
    expect(rows).toEqual(
      expect.arrayContaining([
        ["-", "-9 B", ODD_NAME, "file"],
        ["+", "+2.0 KiB", "usr/share/a b/new", "file"],
        ["~", "+1.0 KiB", "usr/bin/hello", "content"],
        ["~", "±0 B", "usr/share/large", "content"],
        ["~", "±0 B", "usr/bin/hi", "hello → hello-2"],
      ]),
    );
    expect(text).not.toContain("@@");
    expect(text).toMatch(/\n\n1 added, 1 removed, 5 changed, \+3\.0 KiB unpacked, \+[0-9. ]+KiB image\n$/);
  });

  it("the lines of texts, without what a terminal would act on, and nothing of programs", async () => {
    const text = await diff(before, after);
    expect(text).toContain(`--- a/${HELLO}
+++ b/${HELLO}
@@ -1,2 +1,4 @@
+[Unit]
+Description=says \\x1b[31mhello
 [Service]
 ExecStart=/usr/bin/hello
`);
    expect(text).toContain("--- a/usr/share/large\n+++ b/usr/share/large\n@@ -1,3 +1,4 @@\n+abcd456789abcdef\n");
    expect(text).not.toContain("+++ b/usr/bin/hello");
    expect(text).not.toContain("\x1b");
  });

  it("changes of mode and of kind", async () => {
    const tree = await images.tree("kinds", { "usr/share/empty": undefined });
    await symlink("large", `${tree}/usr/share/empty`);
    const kinds = await images.pack("squashfs", tree, "kinds.raw");
    expect(rowsOf(await diff(before, kinds))).toContainEqual(["~", "±0 B", "usr/share/empty", "file → symlink"]);

    const odd = await images.packOddModes("squashfs");
    const rows = rowsOf(await diff(before, odd));
    expect(rows).toContainEqual(["~", "±0 B", "usr/bin/hello", "-rwxr-xr-x → -rwsr-sr-x"]);
    expect(rows).toContainEqual(["~", "±0 B", "usr/share/a b", "drwxr-xr-x → d--------T"]);
  });
});

describe("no differences", () => {
  it("are told of the same image, though one comes from a URL", async () => {
    const bytes = await readFile(before);
    await using mirror = await Mirror.open({ "bakery.example": () => new Response(bytes) });
    const env = { BAKERY_MIRROR: mirror.url };
    const { exitCode, stdout } = await workplace.run(["diff", "https://bakery.example/x.raw", before], env);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "No differences\n" });
  });

  it("of content are between the formats of one tree, but the image is another", async () => {
    const ext = await images.pack("ext4", await images.tree("ext"), "ext.raw");
    const { metadata, added, removed, changed } = JSON.parse(await diff(before, ext, "--json"));
    expect({ added, removed, changed }).toEqual({ added: [], removed: [], changed: [] });
    expect(metadata.map(({ field }: { field: string }) => field)).toEqual([
      "format",
      "compression",
      "block size",
      "sha256",
    ]);
  });
});

it("a text is one up to 1 MiB, without a NUL byte at its beginning", async () => {
  const most = `${"x".repeat(1023)}\n`.repeat(1024).slice(2);
  const files = (end: string) => ({
    "usr/share/small": most + end,
    "usr/share/large": `x${most}${end}`,
    "usr/share/nul": `\0${end}`,
    "usr/share/late": `${"x".repeat(8 * 1024)}\0${end}`,
  });
  const one = await images.pack("squashfs", await images.tree("one", files("a\n")), "one.raw");
  const two = await images.pack("squashfs", await images.tree("two", files("b\n")), "two.raw");
  const { changed } = JSON.parse(await diff(one, two, "--json"));
  expect(changed.map(({ path, text }: { path: string; text?: object }) => [path, text !== undefined])).toEqual([
    ["usr/share/large", false],
    ["usr/share/late", true],
    ["usr/share/nul", false],
    ["usr/share/small", true],
  ]);
});

it("--json shows all of it to programs, and --stat leaves texts out", async () => {
  const shown = JSON.parse(await diff(before, after, "--json"));
  expect(shown).toMatchObject({
    before,
    after,
    added: [{ path: "usr/share/a b/new", kind: "file", mode: "0644", size: 2048 }],
    removed: [{ path: ODD_NAME }],
    unpackedDelta: expect.any(Number),
    imageDelta: expect.any(Number),
  });
  expect(shown.metadata).toContainEqual({ field: "ID", before: "_any", after: "flatcar" });
  expect(shown.changed).toContainEqual(
    expect.objectContaining({ path: HELLO, what: ["content"], text: expect.objectContaining({ kind: "patch" }) }),
  );
  const { changed } = JSON.parse(await diff(before, after, "--json", "--stat"));
  expect(changed).toHaveLength(5);
  expect(changed.filter((change: object) => "text" in change)).toEqual([]);
});

it("an image that is not there is a misuse", async () => {
  const { exitCode, stderr } = await workplace.run(["diff", before, "absent.raw"]);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^error: no such image: absent\.raw\n/m);
});
