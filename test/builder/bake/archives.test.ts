/** Archives from strangers: whatever is in them, nothing is written outside of the image, and an error says why. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { Header, type HeaderData } from "tar";
import { expect, it } from "vitest";
import { assemble } from "../../../builder/bake/assemble.ts";
import type { Fetched } from "../../../builder/bake/fetch.ts";
import { planBake } from "../../../builder/bake/plan.ts";
import { binary, extract, fixed, type Install, pinned } from "../../../builder/recipe/index.ts";
import { run } from "../../../builder/system/run.ts";
import { Workplace } from "../../support/bakery.ts";
import { sha256 } from "../../support/sha256.ts";

/** One entry as tar(5) has it, without the checks of those who write archives. */
function entry(fields: HeaderData, content = ""): Buffer {
  const block = Buffer.alloc(512);
  const size = Buffer.byteLength(content);
  new Header({ type: "File", mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), ...fields, size }).encode(block);
  return Buffer.concat([block, Buffer.from(content), Buffer.alloc((512 - (size % 512)) % 512)]);
}
const archive = (...entries: Buffer[]) => Buffer.concat([...entries, Buffer.alloc(1024)]);
const link = (path: string, linkpath: string) => entry({ path, linkpath, type: "SymbolicLink" });

class Kitchen {
  readonly workplace: Workplace;

  constructor(workplace: Workplace) {
    this.workplace = workplace;
  }

  static async open(): Promise<Kitchen & AsyncDisposable> {
    const workplace = await Workplace.open();
    await writeFile(workplace.file("host"), "the host's");
    return Object.assign(new Kitchen(workplace), { [Symbol.asyncDispose]: () => workplace[Symbol.asyncDispose]() });
  }

  /** The tree that is made of these downloads. */
  async assemble(...downloads: readonly (readonly [Buffer, Install])[]) {
    const all = downloads.map(([content, install], at) => {
      const url = `https://evil.example/${at}.tar`;
      return { content, url, verify: pinned({ "1.0.0": sha256(content) }), install };
    });
    const recipe = { description: "", homepage: "", versions: fixed("1.0.0"), provides: ["usr/x"] as const };
    const extension = { name: "planted", folder: this.workplace.path, recipe: { ...recipe, downloads: () => all } };
    const fetched = await Promise.all(
      all.map(async (download, at): Promise<Fetched> => {
        const path = this.workplace.file(`${at}.tar`);
        await writeFile(path, download.content);
        const record = { url: download.url, sha256: "", size: 0, verifiedBy: "pinned" as const };
        return { download, path, record };
      }),
    );
    const plan = await planBake(extension, { version: "1.0.0", arch: "x86-64" });
    return assemble(plan, fetched, this.workplace.file("root"));
  }

  /** What is on the machine beside the tree and the archives. */
  async outside(): Promise<string[]> {
    return (await readdir(this.workplace.path)).filter((name) => name !== "root" && !name.endsWith(".tar"));
  }
}

it.each<[string, (host: string) => Buffer, string]>([
  ["a name that goes up", () => archive(entry({ path: "../../escaped" }, "x")), "path contains '..'"],
  ["an absolute name", (host) => archive(entry({ path: host }, "x")), "absolute path"],
  [
    "a file through a link that goes up",
    () => archive(link("up", "../.."), entry({ path: "up/escaped" }, "x")),
    "escapes",
  ],
  [
    "a file through an absolute link",
    (host) => archive(link("out", host), entry({ path: "out/escaped" }, "x")),
    "absolute",
  ],
  ["a file over a link to a file", (host) => archive(link("out", host), entry({ path: "out" }, "x")), "absolute"],
  [
    "a hard link to a file of the machine",
    (host) => archive(entry({ path: "x", linkpath: host, type: "Link" })),
    "absolute",
  ],
  ["a hard link that goes up", () => archive(entry({ path: "x", linkpath: "../../host", type: "Link" })), "'..'"],
  ["a device", () => archive(entry({ path: "x", type: "CharacterDevice", devmaj: 1, devmin: 3 })), "unsupported"],
  ["a pipe", () => archive(entry({ path: "x", type: "FIFO" })), "unsupported"],
  ["half an archive", () => archive(entry({ path: "x" }, "x".repeat(5_000))).subarray(0, 2_000), "Truncated"],
  ["half a compressed archive", () => gzipSync(archive(entry({ path: "x" }, "x".repeat(5_000)))).subarray(0, 60), ""],
  ["a web page", () => Buffer.from("<!doctype html>".repeat(100)), "checksum failure"],
  ["nothing", () => Buffer.alloc(0), "Unrecognized archive format"],
])("%s is refused, with the archive's address", async (_, make, reason) => {
  await using kitchen = await Kitchen.open();
  const content = make(kitchen.workplace.file("host"));
  await expect(kitchen.assemble([content, extract("usr")])).rejects.toMatchObject({
    message: "the archive cannot be unpacked",
    details: { url: "https://evil.example/0.tar", reason: expect.stringContaining(reason) },
  });
  expect(await kitchen.outside()).toEqual(["host"]);
  expect(await readFile(kitchen.workplace.file("host"), "utf8")).toBe("the host's");
});

it("a link that one archive brings does not lead another one's files, or a program, elsewhere", async () => {
  for (const [install, problem] of [
    [extract("usr/out"), "usr/out is no folder"],
    [extract("usr/out/deeper"), "usr/out/deeper leads through the symlink usr/out"],
    [binary("usr/out/tool"), "usr/out/tool leads through the symlink usr/out"],
  ] as const) {
    await using kitchen = await Kitchen.open();
    const first = archive(entry({ path: "lib/", type: "Directory", mode: 0o755 }), link("out", "lib"));
    const second = archive(entry({ path: "deeper/escaped" }, "x"));
    await expect(kitchen.assemble([first, extract("usr")], [second, install])).rejects.toThrow(problem);
    expect(await readdir(kitchen.workplace.file("root/usr/lib"))).toEqual([]);
  }
});

it("an archive without what the recipe wants is refused, with what that is", async () => {
  await using kitchen = await Kitchen.open();
  const content = archive(entry({ path: "package/bin/tool" }, "x"));
  await expect(kitchen.assemble([content, extract("usr", { only: ["package/bin/other"] })])).rejects.toMatchObject({
    message: "the archive has nothing of what the recipe takes from it",
    details: { url: "https://evil.example/0.tar", wanted: "package/bin/other" },
  });
});

it("an archive's modes, owners and times do not show: programs are 0755, all else 0644, and nothing is setuid", async () => {
  await using kitchen = await Kitchen.open();
  const content = archive(
    entry({ path: "bin/", type: "Directory", mode: 0o700, uid: 1000 }),
    entry({ path: "bin/su", mode: 0o4711, uid: 1000 }, "x"),
    entry({ path: "bin/notes", mode: 0o600 }, "x"),
  );
  const root = await kitchen.assemble([content, extract("usr")]);
  const modes = await run("find", [root.path, "-printf", "%P %m\n"]);
  expect(modes).toContain("usr/bin 755\n");
  expect(modes).toContain("usr/bin/su 755\n");
  expect(modes).toContain("usr/bin/notes 644\n");
});
