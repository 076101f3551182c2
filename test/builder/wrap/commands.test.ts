/** `./bakery flix` and `./bakery flatwrap`: the reference's arguments and variables, and whose folder is replaced. */
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Workplace } from "../../support/bakery.ts";
import { describeWhere, lackForClients } from "../../support/requirements.ts";
import { MULTIARCH, PlantedTree } from "./planted-tree.ts";

const BAKERY = fileURLToPath(new URL("../../../builder/cli.ts", import.meta.url));

describeWhere(lackForClients(), "flix and flatwrap", () => {
  it("flix makes a folder of the name, and says what it copied", async () => {
    await using tree = await PlantedTree.plant();
    await using workplace = await Workplace.open();
    await tree.program("usr/bin/tool");
    await tree.text("usr/bin/snake", "#!/usr/bin/python3\n", 0o755);
    const { exitCode, stdout, stderr } = await workplace.run([
      "flix",
      tree.path,
      "mine",
      "/usr/bin/tool",
      "/usr/bin/snake",
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "mine\n" });
    expect(stderr).toMatch(/^• Copying mine {2,}4 things, x86-64\n {2}warning: \/usr\/bin\/snake is a script for /);
    expect(await readdir(workplace.path)).toEqual(["mine"]);
    expect((await readdir(workplace.file("mine/usr"))).sort()).toEqual(["bin", "local"]);
  });

  it.each([
    [["--extra-libs", "liba.so.1 /usr/lib/modules/b.so"], {}],
    [[], { EXTRALIBS: " liba.so.1\n/usr/lib/modules/b.so " }],
    [["--extra-libs", "liba.so.1 /usr/lib/modules/b.so"], { EXTRALIBS: "nowhere.so" }],
  ])("flix takes extra libraries by %j and %j", async (options, env) => {
    await using tree = await PlantedTree.plant();
    await using workplace = await Workplace.open();
    await tree.program("usr/bin/tool");
    await tree.library(`${MULTIARCH}/liba.so.1`);
    await tree.library("usr/lib/modules/b.so");
    const { stdout } = await workplace.run(["flix", tree.path, "mine", "/usr/bin/tool", ...options, "--json"], env);
    expect(JSON.parse(stdout)).toMatchObject({
      name: "mine",
      folder: workplace.file("mine"),
      arch: "x86-64",
      warnings: [],
    });
    expect((await readdir(workplace.file("mine/usr/local/mine/extralibs"))).sort()).toEqual(["b.so", "liba.so.1"]);
  });

  it.each([
    [["--etc", "chroot", "--var", "chroot", "--home", "chroot", "--chroot", "/usr /opt", "--host", "/dev"], {}],
    [[], { ETCMAP: "chroot", VARMAP: "chroot", HOMEMAP: "chroot", CHROOT: "/usr /opt", HOST: "/dev" }],
    [
      ["--etc", "chroot", "--host", "/dev"],
      { ETCMAP: "host", VARMAP: "chroot", HOMEMAP: "chroot", CHROOT: "/usr /opt", HOST: "/sys" },
    ],
  ])("flatwrap takes sides by %j and %j", async (options, env) => {
    await using tree = await PlantedTree.plant();
    await using workplace = await Workplace.open();
    await tree.program("usr/bin/tool");
    for (const path of ["home/x", "var/x", "opt/x"]) await tree.text(path, "");
    const { stdout } = await workplace.run(["flatwrap", tree.path, "mine", "/usr/bin/tool", ...options, "--json"], env);
    const { root } = JSON.parse(stdout) as { root: { path: string; from: string }[] };
    expect(root.map(({ path, from }) => `${path} ${from}`)).toEqual([
      "/dev host",
      "/etc tree",
      "/home tree",
      "/opt tree",
      "/usr tree",
      "/var tree",
    ]);
  });

  describe("the folder of that name", () => {
    const commands = ["flix", "flatwrap"];

    it.each(commands)(
      "is replaced by %s only when that is asked for, and when the new one is complete",
      async (command) => {
        await using tree = await PlantedTree.plant();
        await using workplace = await Workplace.open();
        await tree.program("usr/bin/tool");
        const run = (...args: string[]) => workplace.run([command, tree.path, "mine", ...args]);
        await mkdir(workplace.file("mine"));
        expect((await run("/usr/bin/tool")).exitCode).toBe(0);
        const again = await run("/usr/bin/tool");
        expect(again).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining("the folder mine is there already"),
        });
        expect(again.stderr).toContain("hint: --force replaces it");

        await writeFile(workplace.file("mine/usr/bin/mark"), "");
        expect((await run("/usr/bin/nothing", "--force")).exitCode).toBe(1);
        expect(await readdir(workplace.file("mine/usr/bin"))).toContain("mark");
        expect((await run("/usr/bin/tool", "--force")).exitCode).toBe(0);
        expect(await readdir(workplace.file("mine/usr/bin"))).toEqual(["tool"]);
        expect(await readdir(workplace.path)).toEqual(["mine"]);
      },
    );

    it.each(commands)("is not what %s makes it of, even if asked for", async (command) => {
      await using workplace = await Workplace.open();
      await mkdir(workplace.file("mine/usr/bin"), { recursive: true });
      await writeFile(workplace.file("mine/usr/bin/tool"), "#!/bin/sh\n", { mode: 0o755 });
      const { exitCode, stderr } = await workplace.run([command, "mine", "mine", "/usr/bin/tool", "--force"]);
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("mine would replace the tree"),
      });
      expect(await readFile(workplace.file("mine/usr/bin/tool"), "utf8")).toBe("#!/bin/sh\n");
    });

    it.each(commands)("may be inside of the tree that %s makes it of", async (command) => {
      await using workplace = await Workplace.open();
      await mkdir(workplace.file("usr/bin"), { recursive: true });
      await writeFile(workplace.file("usr/bin/tool"), "#!/bin/sh\n", { mode: 0o755 });
      expect(await workplace.run([command, ".", "mine", "/usr/bin/tool"])).toMatchObject({ exitCode: 0 });
      expect((await readdir(workplace.file("mine/usr"))).sort()).toEqual(
        command === "flix" ? ["bin"] : ["bin", "local"],
      );
      if (command === "flatwrap")
        expect((await readdir(workplace.file("mine/usr/local/mine"))).sort()).toEqual([".flatwrap", "usr"]);
    });

    it.each(commands)("is never wiped by %s where it is somebody else's", async (command) => {
      await using tree = await PlantedTree.plant();
      await using workplace = await Workplace.open();
      await tree.program("usr/bin/tool");
      for (const [name, problem] of [
        ["work", "has more in it than a tree to be packed"],
        ["note", "is there, and is no folder"],
      ] as const) {
        if (name === "work") await mkdir(workplace.file("work/usr"), { recursive: true });
        await writeFile(workplace.file(name === "work" ? "work/thesis" : "note"), "years");
        const { exitCode, stderr } = await workplace.run([command, tree.path, name, "/usr/bin/tool", "--force"]);
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(problem) });
        expect(await readFile(workplace.file(name === "work" ? "work/thesis" : "note"), "utf8")).toBe("years");
      }
    });
  });

  it.each(["SIGINT", "SIGTERM"] as const)("a %s leaves nothing behind, and what was there", async (signal) => {
    await using tree = await PlantedTree.plant();
    await using workplace = await Workplace.open();
    await tree.program("usr/bin/tool");
    await mkdir(workplace.file("bin"));
    // It says that it has begun, and does not come to an end.
    await writeFile(
      workplace.file("bin/patchelf"),
      `#!/bin/sh\n[ $1 = --version ] && echo patchelf 0.18.0 && exit\n: >"$0.begun"\nexec sleep 60\n`,
      { mode: 0o755 },
    );
    await mkdir(workplace.file("mine/usr"), { recursive: true });
    const child = spawn(process.execPath, [BAKERY, "flix", tree.path, "mine", "/usr/bin/tool", "--force"], {
      cwd: workplace.path,
      env: { ...process.env, PATH: `${workplace.file("bin")}:${process.env.PATH}` },
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.on("exit", resolve));
    while (!(await stat(workplace.file("bin/patchelf.begun")).catch(() => undefined)))
      await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill(signal);
    expect(await ended).toBe(130);
    expect((await readdir(workplace.path)).sort()).toEqual(["bin", "mine"]);
    expect(await readdir(workplace.file("mine"))).toEqual(["usr"]);
  });

  it.each([
    [["flix"], {}, "missing required argument 'folder'"],
    [["flix", ".", "mine"], {}, "missing required argument 'paths'"],
    [["flix", ".", "mine", "/bin/x"], {}, "/bin/x is not below /usr\nhint: say where it goes: /bin/x:/usr/bin/x"],
    [["flix", ".", "../mine", "/usr/bin/x"], {}, 'invalid name: "../mine"'],
    [["flix", ".", "mine", "/usr/bin/x", "--arch", "sparc"], {}, "allowed: x86-64, arm64"],
    [["flatwrap", ".", "mine", "/usr/bin/x", "--etc", "both"], {}, "allowed: host, chroot"],
    [["flatwrap", ".", "mine", "/usr/bin/x"], { VARMAP: "both" }, 'VARMAP is "both"\nhint: allowed: host, chroot'],
    [["flatwrap", ".", "mine", "/usr/bin/x"], { HOST: "machine" }, 'not a folder for a private root: "machine"'],
  ])("%j with %j is misuse, and makes nothing", async (args, env, problem) => {
    await using workplace = await Workplace.open();
    const { exitCode, stderr } = await workplace.run(args, env);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(problem) });
    expect(await readdir(workplace.path)).toEqual([]);
  });
});
