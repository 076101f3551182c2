/** Debian's trees: what is in them, that every byte is vouched for, and that what fails says why and leaves nothing. */

import { spawn } from "node:child_process";
import {
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DebianTree, makeDebianTree, resolveDebian } from "../../../builder/rootfs/debian/debian.ts";
import { runIn } from "../../../builder/rootfs/enter.ts";
import { OWN_ARCH } from "../../../builder/system/own-arch.ts";
import { execute } from "../../support/execute.ts";
import { Gpg } from "../../support/gpg.ts";
import { freePort } from "../../support/ports.ts";
import { describeWhere, lackForDebian, lackForEntering } from "../../support/requirements.ts";
import { Entrance, isRoot, isRunning, NOBODY } from "./entering.ts";
import { SUITE, TinyArchive } from "./tiny-archive.ts";

const PROGRAM = fileURLToPath(new URL("debian-program.ts", import.meta.url));
/** All that dpkg and our scripts need to run; Debian's essential packages have it, and a thousand more. */
const ESSENTIAL = [
  ...["sh", "dpkg", "dpkg-deb", "dpkg-query", "dpkg-split", "tar", "rm", "cat", "touch", "ls", "id"],
  ...["ldconfig", "start-stop-daemon", "diff", "mkdir", "sleep", "cp", "ln"],
];
const ARMOR = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const trace = (what: string) => `#!/bin/sh\nset -e\necho "${what}" >> /var/trace\n`;

const PACKAGES = [
  {
    name: "base-files",
    fields: ["Essential: yes"],
    files: { "var/lib/dpkg/info/.keep": "", "var/log/.keep": "", "tmp/.keep": "" },
  },
  {
    name: "core",
    fields: ["Essential: yes"],
    programs: ESSENTIAL,
    scripts: { postinst: trace("core $1, policy $(/usr/sbin/policy-rc.d || echo $?)") },
  },
  {
    name: "tool",
    fields: ["Depends: library (>= 1.0)", "Recommends: extra"],
    files: { "bin/tool": { text: "#!/bin/sh\necho tool 1.0\n", mode: 0o755 }, "usr/share/man/tool.1": "read me\n" },
    scripts: { preinst: trace("tool preinst"), postinst: trace("tool $1; secret=$SECRET") },
  },
  { name: "tool", version: "0.9-1", files: { "bin/tool": "older\n" } },
  { name: "library", version: "1:1.0-2", files: { "lib/library": "library\n", "usr/share/shared": "library's\n" } },
  { name: "extra", fields: ["Provides: bonus"] },
  { name: "early", scripts: { postinst: trace("early $1") } },
  { name: "eager", fields: ["Pre-Depends: early"], scripts: { preinst: trace("eager preinst") } },
  {
    name: "taker",
    fields: ["Depends: library", "Replaces: library"],
    files: { "usr/share/shared": "taker's\n", "usr/share/taker": "x".repeat(1 << 17) },
  },
  { name: "failing", scripts: { postinst: "#!/bin/sh\necho out of luck >&2\nexit 9\n" } },
  { name: "sleepy", scripts: { postinst: "#!/bin/sh\nsleep 86411 & sleep 86411\n" } },
  { name: "unmet", fields: ["Depends: library (>= 7:0)"] },
  { name: "foreign", architecture: "arm64", files: { "usr/bin/foreign": "foreign\n" } },
  { name: "large", files: { "usr/share/large": "0123456789abcdef".repeat(1 << 18) } },
];

let archive: TinyArchive;
let work: string;
let cache: string;
let options: { cache: string; env: NodeJS.ProcessEnv };
beforeAll(async () => {
  archive = await TinyArchive.open(PACKAGES);
});
afterAll(() => archive[Symbol.asyncDispose]());
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), "debian-"));
  cache = await mkdtemp(join(tmpdir(), "debian-cache-"));
  options = { cache, env: {} };
  archive.asked.length = 0;
});
afterEach(async () => {
  archive.instead.clear();
  for (const folder of [work, cache]) await rm(folder, { recursive: true });
});

function tree(more: Partial<DebianTree> = {}): DebianTree {
  const { url, keyring } = archive;
  return { suite: SUITE, arch: "x86-64", packages: ["tool"], state: "unpacked", archive: url, keyring, ...more };
}

const make = (more: Partial<DebianTree> = {}, name = "tree") => makeDebianTree(tree(more), join(work, name), options);

/** Makes a tree in a process of its own. */
function program(spec: DebianTree) {
  const request = JSON.stringify({ spec, folder: join(work, "tree"), cache });
  return spawn(process.execPath, [PROGRAM, request], { stdio: ["ignore", "pipe", "inherit"] });
}

async function interrupt(child: ReturnType<typeof program>) {
  const printed = child.stdout.toArray();
  child.kill("SIGINT");
  return JSON.parse(Buffer.concat(await printed).toString());
}

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

describeWhere(await lackForEntering(), "an installed tree", () => {
  const arch = OWN_ARCH ?? "x86-64";

  it("is configured by its own dpkg, apart from the machine, with no service started", async () => {
    const mounts = await readFile("/proc/self/mountinfo", "utf8");
    process.env.SECRET = "hidden";
    const packages = ["tool", "eager"];
    await make({ arch, packages, state: "installed", exclude: ["/usr/share/man/*"] }).finally(
      () => delete process.env.SECRET,
    );
    const installed = join(work, "tree");
    expect((await readFile(join(installed, "var/trace"), "utf8")).split("\n")).toEqual([
      "core configure, policy 101",
      "tool preinst",
      "early configure",
      expect.stringMatching(/^(?:tool configure|eager preinst)/),
      expect.stringMatching(/^(?:tool configure; secret=|eager preinst)$/),
      "",
    ]);
    const listed = await runIn(installed, ["dpkg-query", "--show"]);
    const names = listed.split("\n").map((line) => line.split("\t")[0]);
    expect(names).toEqual(["base-files", "core", "eager", "early", "library", "tool", ""]);
    // What it lacks, if anything does.
    expect(await runIn(installed, ["dpkg", "--audit"])).toBe("");
    expect(await runIn(installed, ["tool"])).toBe("tool 1.0\n");
    expect(await readdir(join(installed, "usr/share/man"))).toEqual([]);
    expect(await readdir(join(installed, "usr/sbin"))).not.toContain("policy-rc.d");
    expect((await readdir(join(installed, "var/lib/dpkg"))).filter((name) => name.endsWith("-old"))).toEqual([]);
    expect((await lstat(join(installed, "usr/bin/tool"))).uid).toBe(process.getuid?.());
    expect(await readFile("/proc/self/mountinfo", "utf8")).toBe(mounts);
  });

  it("that cannot be configured is none, and the script's own words say why", async () => {
    await expect(make({ arch, packages: ["failing"], state: "installed" })).rejects.toMatchObject({
      name: "ToolError",
      message: "packages cannot be installed in the tree",
      details: { output: expect.stringContaining("out of luck") },
    });
    expect(await readdir(work)).toEqual([]);
  });

  it("that is interrupted is none, and no script of it goes on", async () => {
    const spec = tree({ arch, packages: ["sleepy"], state: "installed" });
    const child = program(spec);
    const asleep = () => isRunning("sleep", "86411");
    await expect.poll(asleep, { timeout: 50_000 }).toBe(true);
    expect(await interrupt(child)).toMatchObject({ message: "ended by SIGINT" });
    await expect.poll(asleep).toBe(false);
    expect(await readdir(work)).toEqual([]);
  });

  it.runIf(isRoot)("belongs to the ids that a user has, and needs them", async () => {
    await using entrance = await Entrance.open();
    for (const folder of [work, cache]) await chown(folder, NOBODY, NOBODY);
    const asUser = async (who: "user" | "user with ids", state: DebianTree["state"], name: string) => {
      const spec = { ...tree({ arch, state }) };
      const request = JSON.stringify({ spec, folder: join(work, name), cache });
      const user = [
        "setpriv",
        `--reuid=${NOBODY}`,
        `--regid=${NOBODY}`,
        "--clear-groups",
        ...["sh", "-c", 'umask 077 && exec "$0" "$@"'],
        process.execPath,
        PROGRAM,
        request,
      ];
      const [program, ...args] = who === "user" ? user : entrance.withIds(user);
      return JSON.parse((await execute(program ?? "", args)).stdout);
    };
    expect(await asUser("user", "unpacked", "own")).toEqual({ packages: ["library", "tool"] });
    const { uid, mode } = await lstat(join(work, "own/usr/bin/tool"));
    expect([uid, mode & 0o777]).toEqual([NOBODY, 0o755]);
    expect(await asUser("user", "installed", "none")).toMatchObject({
      message: "an installed tree has several users, and you are one",
      hint: expect.stringContaining("usermod --add-subuids"),
    });
    expect(await asUser("user with ids", "installed", "many")).toMatchObject({
      packages: expect.arrayContaining(["core"]),
    });
    expect(await readFile(join(work, "many/var/trace"), "utf8")).toContain("tool configure");
    expect((await readdir(work)).sort()).toEqual(["many", "own"]);
  });

  it("of an architecture that does not run here is refused before anything is fetched", async () => {
    const other = arch === "arm64" ? "x86-64" : "arm64";
    const runs = await runForeign(other);
    if (runs) return;
    await expect(make({ arch: other, state: "installed" })).rejects.toThrow(`programs for ${other} do not run`);
    expect(archive.asked).toEqual([]);
  });
});

/** Where the machine has qemu for it, there is nothing to refuse. */
async function runForeign(arch: DebianTree["arch"]): Promise<boolean> {
  const { findIsolation } = await import("../../../builder/rootfs/find-isolation.ts");
  return findIsolation({ arch }).then(
    () => true,
    () => false,
  );
}

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

describeWhere(await lackForDebian(), "Debian's own archive", () => {
  it("gives a tree whose programs run", async () => {
    const kept = { cache: process.env.BAKERY_CACHE ?? "", env: {} };
    const spec = { suite: "bookworm", arch: OWN_ARCH ?? "x86-64", packages: ["btop"], state: "unpacked" } as const;
    await makeDebianTree(spec, join(work, "tree"), kept);
    expect(await runIn(join(work, "tree"), ["btop", "--version"])).toContain("btop version: 1.2.13");
  });
});
