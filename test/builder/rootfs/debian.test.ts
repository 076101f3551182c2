/** Debian's trees: what is in them, and that every byte is vouched for. */
import { readdir, readFile, readlink, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { type DebianTree, makeDebianTree, resolveDebian } from "../../../builder/rootfs/debian/debian.ts";
import { archive, cache, make, options, tree, withArchive, work } from "./debian-trees.ts";

withArchive();

describe("what a tree is made of", () => {
  it("is what apt would install, with the digests that the archive vouches for", async () => {
    const found = await resolveDebian(tree(), options);
    expect(found.map(({ name, version }) => `${name} ${version}`)).toEqual(["library 1:1.0-2", "tool 1.0-1"]);
    expect(found[1]).toEqual({
      ...{ name: "tool", version: "1.0-1", architecture: "all", essential: false },
      url: `${archive.url}/pool/tool_1.0-1_all.deb`,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      size: (await archive.read("pool/tool_1.0-1_all.deb")).length,
    });
    // Lists are all that was fetched.
    expect(archive.asked.filter((path) => path.endsWith(".deb"))).toEqual([]);
    const older = await resolveDebian(tree({ packages: ["tool=0.9-1"] }), options);
    expect(older.map(({ version }) => version)).toEqual(["0.9-1"]);
  });

  it("is of the version of upstream's that is asked for, whatever Debian's epoch and revision", async () => {
    const versions = async (...packages: string[]) =>
      (await resolveDebian(tree({ packages }), options)).map(({ version }) => version);
    expect(await versions("tool=0.9-*")).toEqual(["0.9-1"]);
    expect(await versions("library=1.0-*")).toEqual(["1:1.0-2"]);
  });

  it("has the essential packages where it is installed", async () => {
    const found = await resolveDebian(tree({ state: "installed" }), options);
    expect(found.map(({ name, essential }) => `${name} ${essential}`)).toEqual([
      ...["base-files true", "core true", "library false", "tool false"],
    ]);
  });

  it("follows the environment's archive where the tree names none", async () => {
    const { archive: url, ...unnamed } = tree();
    const found = await resolveDebian(unnamed, { ...options, env: { DEBIAN_ARCHIVE: `${url}/` } });
    expect(found).toHaveLength(2);
    const { keyring, ...unsigned } = tree();
    // From here, as whoever sets it in a shell means it.
    const env = { DEBIAN_KEYRING: relative(process.cwd(), keyring ?? "") };
    expect(await resolveDebian(unsigned, { ...options, env })).toEqual(found);
    const wrong = resolveDebian(unnamed, { ...options, env: { DEBIAN_ARCHIVE: "file:///srv" } });
    await expect(wrong).rejects.toThrow("DEBIAN_ARCHIVE is no http(s) URL: file:///srv");
  });

  it("is found out with lists that are kept, of which those go that nobody has used for a month", async () => {
    const lists = join(cache, "apt/lists");
    const inUse = async (arch: DebianTree["arch"], state: DebianTree["state"] = "unpacked") => {
      await resolveDebian(tree({ arch, state }), options);
      return readdir(lists);
    };
    const lastUsed = async (name: string, days: number) => {
      const then = new Date(Date.now() - days * 24 * 60 * 60 * 1_000);
      await utimes(join(lists, name), then, then);
    };
    const [first = ""] = await inUse("x86-64");
    await lastUsed(first, 40);
    expect(await inUse("x86-64", "installed")).toEqual([first]);
    const both = await inUse("arm64");
    expect(both).toContain(first);
    await lastUsed(first, 40);
    await rm(join(lists, both.find((name) => name !== first) ?? ""), { recursive: true });
    expect(await inUse("arm64")).toEqual(both.filter((name) => name !== first));
  });
});

describe("an unpacked tree", () => {
  it("has the packages' files and modes, below /usr, and no script has run", async () => {
    const before = process.umask(0o077);
    await make().finally(() => process.umask(before));
    const made = (path: string) => join(work, "tree", path);
    expect(await readdir(work)).toEqual(["tree"]);
    expect((await readdir(made(""))).sort()).toEqual(["bin", "lib", "lib64", "sbin", "usr"]);
    expect(await readlink(made("bin"))).toBe("usr/bin");
    expect(await readFile(made("usr/bin/tool"), "utf8")).toBe("#!/bin/sh\necho tool 1.0\n");
    expect((await stat(made("usr/bin/tool"))).mode & 0o777).toBe(0o755);
    expect((await stat(made("usr/lib/library"))).mode & 0o777).toBe(0o644);
    for (const folder of ["", "usr", "usr/share"]) expect((await stat(made(folder))).mode & 0o777).toBe(0o755);
  });

  it("is the same whichever package is faster, also where one replaces files of another", async () => {
    // Larger than library, it is unpacked before it, while another is unpacked too.
    await make({ packages: ["large", "library", "taker"] });
    expect(await readFile(join(work, "tree/usr/share/shared"), "utf8")).toBe("taker's\n");
  });

  it("may leave files out, and be of another architecture", async () => {
    const packages = ["tool", "foreign"];
    await make({ packages, arch: "arm64", exclude: ["/usr/share/man/*", "/usr/share/sh*d"] });
    expect((await readdir(join(work, "tree"))).sort()).toEqual(["bin", "lib", "sbin", "usr"]);
    const files = await readdir(join(work, "tree/usr"), { recursive: true });
    const all = ["bin", "bin/foreign", "bin/tool", "lib", "lib/library", "sbin", "share", "share/man"];
    expect(files.sort()).toEqual(all);
  });

  it("fetches what it has not had before, and again what has been damaged since", async () => {
    await make();
    archive.asked.length = 0;
    await make({}, "again");
    expect(archive.asked.filter((path) => path.endsWith(".deb"))).toEqual([]);
    const [name = ""] = (await readdir(join(cache, "apt/archives"))).filter((one) => one.startsWith("tool"));
    const damaged = join(cache, "apt/archives", name);
    const bytes = await readFile(damaged);
    await writeFile(damaged, bytes.fill(0, 200, 300));
    await make({}, "mended");
    expect(archive.asked.filter((path) => path.endsWith(".deb"))).toEqual(["/tiny/pool/tool_1.0-1_all.deb"]);
    expect(await readFile(join(work, "mended/usr/bin/tool"), "utf8")).toContain("tool 1.0");
    // With all of it here, nothing is asked.
    archive.asked.length = 0;
    await makeDebianTree(tree(), join(work, "offline"), { ...options, offline: true });
    expect(archive.asked).toEqual([]);
  });

  it("is made by several at once from an empty cache", async () => {
    await Promise.all(["a", "b", "c"].map((name) => make({ packages: ["tool", "large"] }, name)));
    expect((await readdir(work)).sort()).toEqual(["a", "b", "c"]);
    expect((await readdir(join(cache, "apt/archives"))).filter((name) => !name.endsWith(".deb"))).toEqual([]);
  });
});
