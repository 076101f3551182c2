/** Trees that are configured by their own dpkg, and one of Debian's own archive: with the tests of whole machines. */
import { chown, lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type DebianTree, makeDebianTree } from "../../../builder/rootfs/debian/debian.ts";
import { runIn } from "../../../builder/rootfs/enter.ts";
import { OWN_ARCH } from "../../../builder/system/own-arch.ts";
import { execute } from "../../support/execute.ts";
import { describeWhere, lackForDebian, lackForEntering } from "../../support/requirements.ts";
import { archive, cache, interrupt, make, PROGRAM, program, tree, withArchive, work } from "./debian-trees.ts";
import { Entrance, isRoot, isRunning, NOBODY } from "./entering.ts";

withArchive();

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

describeWhere(await lackForDebian(), "Debian's own archive", () => {
  it("gives a tree whose programs run", async () => {
    const kept = { cache: process.env.BAKERY_CACHE ?? "", env: {} };
    const spec = { suite: "bookworm", arch: OWN_ARCH ?? "x86-64", packages: ["btop"], state: "unpacked" } as const;
    await makeDebianTree(spec, join(work, "tree"), kept);
    expect(await runIn(join(work, "tree"), ["btop", "--version"])).toContain("btop version: 1.2.13");
  });
});
