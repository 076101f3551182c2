/** Flix on small trees: what is copied where, what is patched, and what is refused. */
import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { run } from "../../../builder/system/run.ts";
import { readElfFile } from "../../../builder/wrap/elf-dynamic.ts";
import { type FlixRequest, flix } from "../../../builder/wrap/flix.ts";
import { Workplace } from "../../support/bakery.ts";
import { describeWhere, lackForClients } from "../../support/requirements.ts";
import { LOADER, MULTIARCH, PlantedTree } from "./planted-tree.ts";

const HOME = "usr/local/tool";

describeWhere(lackForClients(), "flix", () => {
  afterEach(() => vi.unstubAllEnvs());

  const flixed = async (tree: PlantedTree, request: Partial<FlixRequest> = {}, to = "out") => {
    const result = await flix({ tree: tree.path, name: "tool", paths: ["/usr/bin/tool"], ...request }, tree.beside(to));
    return { ...result, file: (path: string) => join(tree.beside(to), path) };
  };
  const elfOf = (path: string) => readElfFile(path, path);

  it("copies a program, its interpreter and its libraries, patched, with their modes, and changes nothing of the tree", async () => {
    await using tree = await PlantedTree.plant();
    await tree.program("usr/bin/tool", { needed: ["liba.so.1"], mode: 0o4711 });
    await tree.library(`${MULTIARCH}/liba.so.1`, { runpath: "/nowhere" });
    const before = await run("sh", ["-c", `cd ${tree.path} && find . -type f | sort | xargs sha256sum`]);
    const { file, copied, warnings, arch } = await flixed(tree);
    expect({ arch, warnings }).toEqual({ arch: "x86-64", warnings: [] });
    expect(copied.map(({ path, why }) => `${path}: ${why}`)).toEqual([
      "usr/bin/tool: asked for",
      `${HOME}/ld-linux-x86-64.so.2: the programs' interpreter`,
      `${HOME}/liba.so.1: needed by /usr/bin/tool`,
      `${HOME}/libc.so.6: needed by /usr/bin/tool`,
    ]);
    expect(await elfOf(file("usr/bin/tool"))).toMatchObject({
      interpreter: `/${HOME}/ld-linux-x86-64.so.2`,
      dynamic: { rpath: [`/${HOME}`], runpath: [], noDefaultFolders: true },
    });
    expect((await elfOf(file(`${HOME}/liba.so.1`)))?.dynamic).toMatchObject({ rpath: [`/${HOME}`], runpath: [] });
    expect((await stat(file("usr/bin/tool"))).mode & 0o7777).toBe(0o4711);
    expect((await stat(file(`${HOME}/liba.so.1`))).mode & 0o7777).toBe(0o644);
    // Whoever patches a loader has one that does not start.
    const [original, copy] = await Promise.all(
      [tree.file(LOADER), file(`${HOME}/ld-linux-x86-64.so.2`)].map((one) => readFile(one)),
    );
    expect(copy?.equals(original ?? Buffer.of())).toBe(true);
    expect(await run("sh", ["-c", `cd ${tree.path} && find . -type f | sort | xargs sha256sum`])).toBe(before);
  });

  it("makes the same bytes and modes of it under another umask, wherever it is", async () => {
    await using tree = await PlantedTree.plant();
    await tree.program("usr/bin/tool", { needed: ["liba.so.1"] });
    await tree.library(`${MULTIARCH}/liba.so.1`);
    await flixed(tree);
    const umask = process.umask(0o077);
    await flixed(tree, {}, "again").finally(() => process.umask(umask));
    const listing = (folder: string) =>
      run("sh", [
        "-c",
        `cd ${folder} && find . -printf '%p %m %l\\n' | sort && find . -type f | sort | xargs sha256sum`,
      ]);
    expect(await listing(tree.beside("again"))).toBe(await listing(tree.beside("out")));
  });

  it("copies symlinks with what they lead to inside of the tree, and patches that", async () => {
    await using tree = await PlantedTree.plant();
    await tree.program("usr/bin/real");
    await tree.symlink("etc/alternatives/tool", "/usr/bin/step");
    await tree.symlink("usr/bin/step", "real");
    // On this machine these lead elsewhere, or nowhere.
    await tree.symlink("usr/bin/tool", "/etc/alternatives/tool");
    await tree.program("opt/other");
    await tree.symlink("usr/bin/other", "/opt/other");
    await tree.text("usr/share/tool/x/data", "data");
    await tree.symlink("usr/share/tool/link", "x");
    await tree.symlink("usr/share/tool/up", "../tool");
    await tree.symlink("usr/share/tool/masked", "/dev/null");
    const paths = ["/usr/bin/tool", "/usr/bin/other", "/usr/share/tool:/usr/share/moved/here"];
    const { file, copied, warnings } = await flixed(tree, { paths });
    expect(await readlink(file("usr/bin/tool"))).toBe("step");
    expect(await readlink(file("usr/bin/step"))).toBe("real");
    expect((await elfOf(file("usr/bin/real")))?.interpreter).toBe(`/${HOME}/ld-linux-x86-64.so.2`);
    expect((await lstat(file("usr/bin/other"))).isFile()).toBe(true);
    expect((await elfOf(file("usr/bin/other")))?.interpreter).toBe(`/${HOME}/ld-linux-x86-64.so.2`);
    expect(warnings).toEqual([expect.stringContaining("/usr/bin/other is a copy of /opt/other")]);
    expect(copied).toContainEqual({ path: "usr/bin/step", from: "usr/bin/step", why: "/usr/bin/tool leads to it" });
    expect(await readdir(file("usr/share"))).toEqual(["moved"]);
    expect(await readFile(file("usr/share/moved/here/link/data"), "utf8")).toBe("data");
    expect(await readlink(file("usr/share/moved/here/up"))).toBe(".");
  });

  it("leaves what needs no loader as it is: static programs, modules without needs, data, scripts", async () => {
    await using tree = await PlantedTree.plant();
    // A loader is a program without an interpreter that has a dynamic section: static-pie, as far as anybody can tell.
    await tree.copy("/lib64/ld-linux-x86-64.so.2", "usr/bin/tool", 0o755);
    await tree.text("usr/bin/script", "#!/bin/sh\n", 0o755);
    await tree.text("usr/bin/snake", "#!/usr/bin/env python3\n", 0o755);
    await tree.text("usr/bin/awkward", "#!/usr/bin/tool -f\n", 0o755);
    const paths = ["/usr/bin/tool", "/usr/bin/script", "/usr/bin/snake", "/usr/bin/awkward"];
    vi.stubEnv("PATH", "/nowhere");
    const { file, warnings, copied } = await flixed(tree, { paths });
    expect(copied).toHaveLength(4);
    expect(await readdir(file("usr"))).toEqual(["bin"]);
    expect(await readFile(file("usr/bin/tool"))).toEqual(await readFile(tree.file("usr/bin/tool")));
    expect(warnings).toEqual([
      "/usr/bin/snake is a script for /usr/bin/python3, which is not in the image: it must be on the host",
    ]);
  });

  it("copies extra libraries with what they need, and patches the copies", async () => {
    await using tree = await PlantedTree.plant();
    await tree.program("usr/bin/tool");
    await tree.library(`${MULTIARCH}/libnss_x.so.2`, { needed: ["libb.so.1"] });
    await tree.library(`${MULTIARCH}/libb.so.1`);
    await tree.library("usr/lib/modules.so", { soname: "libmodule.so.3" });
    const extraLibraries = ["libnss_x.so.2", "/usr/lib/modules.so"];
    const original = await readFile(tree.file(`${MULTIARCH}/libnss_x.so.2`));
    const { file } = await flixed(tree, { extraLibraries });
    const extralibs = `/${HOME}/extralibs`;
    expect((await readdir(file(extralibs))).sort()).toEqual(["libmodule.so.3", "libnss_x.so.2", "modules.so"]);
    expect(await readdir(file(HOME))).toContain("libb.so.1");
    for (const path of ["usr/bin/tool", `${HOME}/libc.so.6`, `${extralibs}/libnss_x.so.2`]) {
      expect((await elfOf(file(path)))?.dynamic?.rpath, path).toEqual([`/${HOME}`, extralibs]);
    }
    expect(await readFile(tree.file(`${MULTIARCH}/libnss_x.so.2`))).toEqual(original);
  });

  it("brings what the C library loads by itself, where the tree has it", async () => {
    await using tree = await PlantedTree.plant();
    await tree.program("usr/bin/tool");
    await tree.library(`${MULTIARCH}/libgcc_s.so.1`, { needed: ["libc.so.6"] });
    const { file, copied } = await flixed(tree);
    expect(copied.at(-1)).toEqual({
      path: `${HOME}/libgcc_s.so.1`,
      from: `${MULTIARCH}/libgcc_s.so.1`,
      why: "loaded by libc.so.6 when a thread ends",
    });
    for (const name of ["libc.so.6", "libgcc_s.so.1"]) {
      expect((await elfOf(file(`${HOME}/${name}`)))?.dynamic?.rpath, name).toEqual([`/${HOME}`]);
    }
  });

  it.each([
    ["its loader's configuration", "/opt/one\n/opt/two:/opt/three\n", "opt/three"],
    ["its loader's own folders", undefined, "usr/local/lib"],
  ])("looks for a musl program's libraries in %s", async (_, configuration, folder) => {
    await using tree = await PlantedTree.plant();
    await tree.copy("/lib64/ld-linux-x86-64.so.2", "lib/ld-musl-x86_64.so.1", 0o755);
    await tree.library(`${folder}/liba.so`);
    await tree.program("usr/bin/tool", { needed: ["liba.so"] });
    await run("patchelf", ["--set-interpreter", "/lib/ld-musl-x86_64.so.1", tree.file("usr/bin/tool")]);
    if (configuration !== undefined) await tree.text("etc/ld-musl-x86_64.path", configuration);
    const { file, copied } = await flixed(tree);
    expect(copied.map(({ from }) => from)).toContain(`${folder}/liba.so`);
    // Which is the loader itself.
    expect(await readlink(file(`${HOME}/libc.so.6`))).toBe("ld-musl-x86_64.so.1");
  });

  it("takes modules of a folder that cannot be loaded for what they are, with a warning", async () => {
    await using tree = await PlantedTree.plant();
    await tree.program("usr/bin/tool");
    await tree.library("usr/lib/tool/x11.so", { needed: ["libxcb.so.1"] });
    const { warnings } = await flixed(tree, { paths: ["/usr/bin/tool", "/usr/lib/tool"] });
    expect(warnings).toEqual(["/usr/lib/tool/x11.so cannot be loaded: libxcb.so.1 is not in the tree"]);
  });

  it("says where programs may load libraries from that are not copied, and which places hosts would rather not have", async () => {
    await using tree = await PlantedTree.plant();
    await tree.program("usr/sbin/tool", { needed: ["liba.so.1"], rpath: "$ORIGIN/../lib/tool" });
    await tree.library("usr/lib/tool/liba.so.1");
    await tree.library("usr/lib/tool/plugin.so");
    const { warnings } = await flixed(tree, { paths: ["/usr/sbin/tool"] });
    expect(warnings).toEqual([
      expect.stringContaining("say /usr/sbin/tool:/usr/bin/tool"),
      expect.stringContaining("/usr/sbin/tool looks for libraries in /usr/lib/tool too"),
    ]);
  });

  it.each<[string, (tree: PlantedTree) => Promise<unknown>, Partial<FlixRequest>, object]>([
    [
      "a path that the tree has not",
      async () => {},
      {},
      { name: "UserError", message: "the tree has no /usr/bin/tool" },
    ],
    [
      "a library that is nowhere",
      (tree) => tree.program("usr/bin/tool", { needed: ["libx.so.9"], rpath: "$ORIGIN/own" }),
      {},
      {
        name: "UserError",
        message: "libx.so.9 is not in the tree",
        details: {
          "needed by": "usr/bin/tool",
          "looked in": expect.stringMatching(/^\/usr\/bin\/own \/lib\/x86_64-linux-gnu /),
        },
      },
    ],
    [
      "a symlink that leads to nothing",
      (tree) => tree.symlink("usr/bin/tool", "/etc/alternatives/tool"),
      {},
      { name: "UserError", message: "/usr/bin/tool leads to /etc/alternatives/tool, which is not in the tree" },
    ],
    [
      "a symlink that leads to itself",
      async (tree) => {
        await tree.symlink("usr/bin/tool", "other");
        await tree.symlink("usr/bin/other", "/usr/bin/tool");
      },
      {},
      { name: "UserError", message: "/usr/bin/tool leads round in a circle" },
    ],
    [
      "a symlink out of the tree, which leads to nothing in it",
      (tree) => tree.symlink("usr/bin/tool", "../../../../../../../../../usr/bin/env"),
      {},
      { name: "UserError", message: expect.stringContaining("which is not in the tree") },
    ],
    [
      "another arch's program",
      async (tree) => {
        await tree.program("usr/bin/tool");
        await tree.forMachine("usr/bin/tool", 183);
      },
      { arch: "x86-64" },
      { name: "UserError", message: "/usr/bin/tool is for arm64, not for x86-64" },
    ],
    [
      "an interpreter that the tree has not",
      async (tree) => {
        await tree.program("usr/bin/tool");
        await run("patchelf", ["--set-interpreter", "/lib/ld-musl-x86_64.so.1", tree.file("usr/bin/tool")]);
      },
      {},
      { name: "UserError", message: "the tree has no /lib/ld-musl-x86_64.so.1, the programs' interpreter" },
    ],
    [
      "a program that is cut short",
      async (tree) => {
        await tree.program("usr/bin/tool");
        await writeFile(tree.file("usr/bin/tool"), (await readFile(tree.file("usr/bin/tool"))).subarray(0, 900));
      },
      {},
      { name: "UserError", message: expect.stringContaining("/usr/bin/tool is a damaged ELF file") },
    ],
    [
      "a library that is a linker's script",
      async (tree) => {
        await tree.program("usr/bin/tool", { needed: ["libx.so"] });
        await tree.text("usr/lib/libx.so", "GROUP ( libx.so.1 )\n");
      },
      {},
      { name: "UserError", message: "usr/lib/libx.so is no library" },
    ],
    [
      "two files for one place",
      async (tree) => {
        await tree.program("usr/bin/tool");
        await tree.symlink("usr/lib/tool", "../share/x");
        await tree.text("usr/share/x/y", "");
        await tree.text("usr/share/z", "");
      },
      { paths: ["/usr/lib/tool", "/usr/share/z:/usr/lib/tool/z"] },
      { name: "UserError", message: "usr/lib/tool/z would be below usr/lib/tool, which is a symlink to ../share/x" },
    ],
    [
      "a device",
      async (tree) => {
        await mkdir(tree.file("usr/bin"), { recursive: true });
        await run("mkfifo", [tree.file("usr/bin/tool")]);
      },
      {},
      { message: "usr/bin/tool is neither file, folder nor symlink" },
    ],
    [
      "a path outside of /usr",
      async () => {},
      { paths: ["/bin/tool"] },
      { name: "UsageError", hint: "say where it goes: /bin/tool:/usr/bin/tool" },
    ],
    ["a place outside of /usr", async () => {}, { paths: ["/bin/tool:/etc/tool"] }, { name: "UsageError" }],
    [
      "a path that goes up",
      async () => {},
      { paths: ["/usr/../etc/x"] },
      { name: "UsageError", message: expect.stringContaining("not a path in a tree") },
    ],
    ["a place that goes up", async () => {}, { paths: ["/usr/x:/usr/../../x"] }, { name: "UsageError" }],
    ["no path", async () => {}, { paths: [] }, { name: "UsageError", message: "no path to wrap" }],
    [
      "a path where its own libraries go",
      async () => {},
      { paths: ["/usr/x:/usr/local/tool/x"] },
      { name: "UsageError" },
    ],
    [
      "a name that hosts have in /usr/local",
      async () => {},
      { name: "lib" },
      { name: "UsageError", message: "/usr/local/lib is a folder of the host's" },
    ],
    ["a name that leads elsewhere", async () => {}, { name: "../x" }, { name: "UsageError" }],
    [
      "a tree that is not there",
      async () => {},
      { tree: "/nowhere" },
      { name: "UserError", message: "no such folder: /nowhere" },
    ],
  ])("refuses %s", async (_, plant, request, problem) => {
    await using tree = await PlantedTree.plant();
    await plant(tree);
    await expect(flixed(tree, request)).rejects.toMatchObject(problem);
  });

  it("refuses a file that needs different libraries of one name, depending on who loads it", async () => {
    await using tree = await PlantedTree.plant();
    await tree.library(`${MULTIARCH}/libshared.so.1`, { needed: ["liba.so.1"] });
    for (const name of ["one", "two"]) {
      await tree.program(`usr/bin/${name}`, { needed: ["libshared.so.1"], rpath: `/opt/${name}` });
      await tree.library(`opt/${name}/liba.so.1`);
    }
    await expect(flixed(tree, { paths: ["/usr/bin/one", "/usr/bin/two"] })).rejects.toMatchObject({
      message: `${MULTIARCH}/libshared.so.1 gets another liba.so.1 in one program than in another`,
      details: { one: "opt/one/liba.so.1", other: "opt/two/liba.so.1" },
    });
  });

  it.each<[string, string | undefined, string, string]>([
    ["is missing", undefined, "patchelf is not installed", "install Debian's package patchelf (0.14 or later)"],
    [
      "is too old",
      "echo patchelf 0.9",
      "patchelf 0.9 is too old for programs as they are linked today",
      "install a newer patchelf, or flatwrap the programs",
    ],
    [
      "does not do what it was told",
      "[ $1 = --version ] && echo patchelf 0.18.0; exit 0",
      "patchelf did not do to",
      "flatwrap the program instead, which changes no file",
    ],
    [
      "fails",
      '[ $1 = --version ] && echo patchelf 0.18.0 && exit; echo "cannot find section" >&2; exit 1',
      "patchelf failed: exit code 1",
      "",
    ],
  ])("says so where patchelf %s", async (_, script, message, hint) => {
    await using tree = await PlantedTree.plant();
    await using workplace = await Workplace.open();
    await tree.program("usr/bin/tool");
    if (script !== undefined) {
      await writeFile(workplace.file("patchelf"), `#!/bin/sh\n${script}\n`);
      await chmod(workplace.file("patchelf"), 0o755);
    }
    vi.stubEnv("PATH", workplace.path);
    const error = await flixed(tree).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ToolError", message: expect.stringContaining(message) });
    if (hint !== "") expect(error).toMatchObject({ hint });
  });

  it("ends when it is told to", async () => {
    await using tree = await PlantedTree.plant();
    await tree.program("usr/bin/tool");
    const told = AbortSignal.abort(new Error("ended by SIGINT"));
    await expect(flixed(tree, { signal: told })).rejects.toThrow("ended by SIGINT");
  });
});
