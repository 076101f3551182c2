/** A tree of Debian's that cannot be had: it is said why, and nothing is left. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { makeDebianTree, resolveDebian } from "../../../builder/rootfs/debian/debian.ts";
import { execute } from "../../support/execute.ts";
import { Gpg } from "../../support/gpg.ts";
import { freePort } from "../../support/ports.ts";
import { archive, cache, interrupt, make, options, PROGRAM, program, tree, withArchive, work } from "./debian-trees.ts";
import { isRoot } from "./entering.ts";
import { SUITE } from "./tiny-archive.ts";

withArchive();

const ARMOR = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

describe("a tree that cannot be had says why, and leaves nothing", () => {
  afterEach(async () => {
    expect((await readdir(work)).filter((name) => name !== "full")).toEqual([]);
    const kept = await readdir(join(cache, "apt/archives")).catch(() => []);
    expect(kept.filter((name) => !name.endsWith(".deb"))).toEqual([]);
  });

  it.each([
    [{ packages: ["nonesuch"] }, "NoPackageError", "there is no package nonesuch", {}],
    // As a pattern, apt would find two for it.
    [{ packages: ["t.ol"] }, "NoPackageError", "there is no package t.ol", {}],
    [
      { packages: ["bonus"] },
      "NoPackageError",
      "there is no package bonus",
      { hint: "take one that provides it: extra" },
    ],
    [
      { packages: ["tool=3"] },
      "UserError",
      "there is no version 3 of tool",
      { details: { versions: "1.0-1, 0.9-1" }, hint: expect.stringContaining("snapshot.debian.org") },
    ],
    [
      { packages: ["tool=1-*"] },
      "UserError",
      "there is no version 1-* of tool",
      { details: { versions: "1.0-1, 0.9-1" } },
    ],
    [{ packages: ["unmet"] }, "UserError", "the packages cannot be installed together", {}],
    [{ suite: "nonesuch" }, "NotFoundError", "the archive has no such suite", {}],
    [{ packages: ["tool=*"] }, "UserError", 'no name of a package: "tool=*"', {}],
    [{ packages: ["tool-"] }, "UserError", 'no name of a package: "tool-"', {}],
    [{ packages: ["-oDebug::NoLocking=1"] }, "UserError", 'no name of a package: "-oDebug::NoLocking=1"', {}],
    [{ suite: "tiny] evil" }, "UserError", 'no suite or component: "tiny] evil"', {}],
    [{ exclude: ["usr/*"] }, "UserError", expect.stringContaining("no pattern for paths"), {}],
    [{ keyring: "/nonesuch.gpg" }, "UserError", "the archive's keyring is not there: /nonesuch.gpg", {}],
  ])("%j", async (more, kind, message, rest) => {
    const error = await make(more).catch((reason) => reason);
    expect(error.constructor.name).toBe(kind);
    expect(error).toMatchObject({ message, ...rest });
  });

  it.each<[string, string, string | Buffer | undefined, string, string]>([
    ["is not there", "keys.gpg", undefined, "is not there", "gpg --export"],
    ["is empty", "keys.gpg", "", "holds no OpenPGP keys", "gpg --export"],
    ["is a text", "keys.gpg", "-----BEGIN CERTIFICATE-----\n", "holds no OpenPGP keys", "gpg --export"],
    ["is a keybox", "keys.kbx", Buffer.from("\0\0\0 \x01\x01\0\x02KBXf"), "holds no OpenPGP keys", "gpg --export"],
    ["is in armor, and not called so", "keys.gpg", `${ARMOR}\n\nmDME`, "is in ASCII armor", "call it .asc"],
    ["is where apt cannot be told", "[my] keys.gpg", "\x98", "has a path that apt cannot be told", "brackets"],
  ])("a DEBIAN_KEYRING that %s", async (_, name, content, problem, hint) => {
    const keyring = join(cache, name);
    if (content !== undefined) await writeFile(keyring, content);
    const { keyring: __, ...unnamed } = tree();
    await expect(resolveDebian(unnamed, { cache, env: { DEBIAN_KEYRING: keyring } })).rejects.toMatchObject({
      name: "UserError",
      message: expect.stringMatching(`^DEBIAN_KEYRING ${problem}.*: ${RegExp.escape(keyring)}$`),
      hint: expect.stringContaining(hint),
    });
    expect(archive.asked).toEqual([]);
  });

  it("an archive that does not answer", async () => {
    const archive = `http://127.0.0.1:${await freePort()}/debian`;
    await expect(make({ archive })).rejects.toMatchObject({
      name: "UpstreamError",
      message: "the archive does not answer",
      details: { archive },
    });
  });

  it.each([
    ["a Release that was tampered with", "InRelease", "the archive is not signed by who should have signed it"],
    ["lists that were tampered with", "Packages", "the archive's lists are not what its signature vouches for"],
    ["a package that was tampered with", "pool/tool", "packages are not what the archive's signature vouches for"],
  ])("%s", async (_, path, message) => {
    const files = { InRelease: `dists/${SUITE}/InRelease`, Packages: `dists/${SUITE}/main/binary-amd64/Packages` };
    const bytes = await archive.read(files[path as keyof typeof files] ?? "pool/tool_1.0-1_all.deb");
    // As long as before.
    archive.instead.set(
      path,
      Buffer.from(bytes.toString("latin1").replace("Suite: tiny", "Suite: tinz").replace("tool", "t00l"), "latin1"),
    );
    await expect(make()).rejects.toMatchObject({ name: "UpstreamError", message });
  });

  it("an archive that others have signed, and one that nobody has", async () => {
    await using other = await Gpg.open();
    await other.generate("other", "ed25519");
    const keyring = join(cache, "other.gpg");
    await writeFile(keyring, await other.publicKeys("other"));
    const message = "the archive is not signed by who should have signed it";
    await expect(make({ keyring })).rejects.toMatchObject({ message });
    const text = (await archive.read(`dists/${SUITE}/InRelease`)).toString();
    archive.instead.set(
      "InRelease",
      Buffer.from(text.replace(/^-----BEGIN PGP SIGNED.*?\n\n|-----BEGIN PGP SIGNATURE.*/gs, "")),
    );
    await expect(make()).rejects.toMatchObject({ message });
  });

  it("a machine without apt", async () => {
    const request = JSON.stringify({ spec: tree(), folder: join(work, "tree"), cache });
    const { stdout } = await execute(process.execPath, [PROGRAM, request], { env: { PATH: cache } });
    expect(JSON.parse(stdout)).toEqual({
      ...{ message: "apt-get is not installed", details: {} },
      hint: "install Debian's package apt",
    });
  });

  it("a folder that is not empty, which stays as it was", async () => {
    await mkdir(join(work, "full"));
    await writeFile(join(work, "full/file"), "mine");
    await expect(make({}, "full")).rejects.toThrow(/full is there already$/);
    expect(archive.asked).toEqual([]);
    expect(await readFile(join(work, "full/file"), "utf8")).toBe("mine");
    await expect(make({}, "full/file")).rejects.toThrow(/file is there already$/);
  });

  it("offline, packages that were never fetched", async () => {
    await resolveDebian(tree(), options);
    await expect(makeDebianTree(tree(), join(work, "tree"), { ...options, offline: true })).rejects.toMatchObject({
      message: "packages are not in the cache: library, tool",
      hint: "run it once without --offline",
    });
  });

  it("an interrupted run", async () => {
    const waiting = Promise.withResolvers<Buffer>();
    archive.instead.set("pool/tool", waiting.promise);
    const child = program(tree());
    await expect.poll(() => archive.asked.some((path) => path.includes("pool/tool")), { timeout: 20_000 }).toBe(true);
    expect(await interrupt(child)).toMatchObject({ message: "ended by SIGINT" });
    waiting.resolve(Buffer.from(""));
  });

  it.runIf(isRoot)("a disk that is full, whether it is the tree's or the cache's", async () => {
    const onSmallDisk = async (place: string, size: string) => {
      const request = JSON.stringify({ spec: tree({ packages: ["large"] }), folder: join(work, "tree"), cache });
      const script = 'mount -t tmpfs -o size="$1" tmpfs "$0" && shift && "$@" && ls -A "$PLACE" >&2';
      const args = ["--mount", "sh", "-c", script, place, size, process.execPath, PROGRAM, request];
      const { stdout, stderr } = await execute("unshare", args, { env: { PLACE: work } });
      return { outcome: JSON.parse(stdout), left: stderr };
    };
    expect(await onSmallDisk(work, "1m")).toEqual({
      outcome: expect.objectContaining({
        message: `no space left for ${join(work, "tree")}`,
        details: { folder: work },
        hint: "free some space there, or take a folder on a larger disk",
      }),
      left: "",
    });
    expect((await onSmallDisk(cache, "1m")).outcome).toMatchObject({
      message: expect.stringMatching(/^no space left for (?:lists of )?packages$/),
      details: { folder: expect.stringContaining(join(cache, "apt")) },
      hint: expect.stringContaining("BAKERY_CACHE"),
    });
  });
});
