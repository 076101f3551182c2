/** Flatwrap on small trees: what programs in a private root see, as root and as somebody else, and what is refused. */
import { chmod, link, lstat, mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../../builder/system/run.ts";
import { type Flatwrapped, type FlatwrapRequest, flatwrap } from "../../../builder/wrap/flatwrap.ts";
import { Workplace } from "../../support/bakery.ts";
import { execute } from "../../support/execute.ts";
import { mergingUnavailable } from "../../support/merged.ts";
import { describeWhere, lackForClients } from "../../support/requirements.ts";
import { PlantedTree } from "./planted-tree.ts";

const HOME = "usr/local/tool";

const wrapped = async (tree: PlantedTree, request: Partial<FlatwrapRequest> = {}) => {
  const result = await flatwrap(
    { tree: tree.path, name: "tool", paths: ["/usr/bin/sh"], ...request },
    tree.beside("out"),
  );
  return { ...result, file: (path: string) => join(tree.beside("out"), path) };
};

/** With a shell in it that can look around: the machine's own, and what that needs. */
async function shellTree(): Promise<PlantedTree> {
  const tree = await PlantedTree.plant();
  for (const name of ["dash", "id", "cat", "touch"]) await tree.copy(`/usr/bin/${name}`, `usr/bin/${name}`, 0o755);
  for (const { groups } of (await run("ldd", ["/usr/bin/id"])).matchAll(/=> (?<path>\/\S+)/g)) {
    const path = groups?.path ?? "";
    await tree.copy(path, path.replace(/^\/(?:usr\/)?/, ""), 0o644);
  }
  await tree.symlink("bin", "usr/bin");
  await tree.symlink("usr/bin/sh", "dash");
  await tree.text("etc/whose", "the tree's\n");
  await tree.text("usr/share/whose", "the tree's\n");
  await chmod(tree.path, 0o755);
  return tree;
}

describeWhere((await mergingUnavailable()) ?? lackForClients(), "a program in a private root", () => {
  let tree: PlantedTree;
  let out: string;
  beforeAll(async () => {
    tree = await shellTree();
    const paths = ["/bin/sh:/usr/bin/treesh", "/usr/share/whose"];
    const host = ["/dev", "/proc", "/tmp", "/var/tmp", "/etc/hostname", "/not/on/this/host"];
    await wrapped(tree, { paths, etc: "chroot", var: "chroot", host });
    out = tree.beside("out");
  });
  afterAll(() => tree[Symbol.asyncDispose]());

  // Not nobody, whose number stands for all that have none in a user namespace.
  const somebody = ["setpriv", "--reuid=1234", "--regid=2345", "--clear-groups"];
  const start = (as: readonly string[], script: string, { args = [] as string[], cwd = "/", env = {} } = {}) => {
    const line = [...as, join(out, "usr/bin/treesh"), "-c", script, "sh", ...args];
    return execute(line[0] ?? "", line.slice(1), { cwd, env: { FLATWRAP_ROOT: out, NOBWRAP: undefined, ...env } });
  };

  describe.each<[string, string[], object, string]>([
    ["as root", [], {}, "uid=0 gid=0"],
    ["as somebody, with bubblewrap", somebody, {}, "uid=1234 gid=2345"],
    ["as somebody, with user namespaces alone", somebody, { NOBWRAP: "1" }, "uid=1234 gid=2345"],
  ])("%s", (_, as, env, identity) => {
    it("is who started it, where it was started, with the arguments, input, environment and exit code that it has", async () => {
      const script = 'id; pwd; echo "$MINE"; printf "<%s>" "$@"; read line; echo "$line"; exit 7';
      const args = ["a b", "", "$(id)", "'", '"', "*", "-x", "--"];
      const line = [...as, join(out, "usr/bin/treesh"), "-c", script, "sh", ...args];
      const shell = `printf 'typed\\n' | "$@"`;
      const ran = await execute("sh", ["-c", shell, "sh", ...line], {
        cwd: "/tmp",
        env: { FLATWRAP_ROOT: out, MINE: "x y", NOBWRAP: undefined, ...env },
      });
      expect(ran.stdout).toMatch(new RegExp(`^${identity} `));
      expect(ran.stdout).toContain(`\n/tmp\nx y\n<a b><><$(id)><'><"><*><-x><-->typed\n`);
      expect(ran.exitCode).toBe(7);
    });

    it("sees the tree, and of the host what it is to see, with devices and processes that work", async () => {
      const script =
        "cat /etc/whose /usr/share/whose; for x in /*; do echo $x; done; cat /etc/hostname; echo x >/dev/null; cat /proc/self/comm";
      const { stdout, stderr, exitCode } = await start(as, script, { env });
      const top = ["bin", "dev", "etc", "home", "lib", "lib64", "proc", "root", "tmp", "usr", "var"].map(
        (name) => `/${name}\n`,
      );
      const hostname = await readFile("/etc/hostname", "utf8");
      expect({ stdout, stderr, exitCode }).toEqual({
        stdout: `the tree's\nthe tree's\n${top.join("")}${hostname}cat\n`,
        stderr: "",
        exitCode: 0,
      });
    });

    it("writes where the host lets it, and not to the private root", async () => {
      const file = `/var/tmp/private-${process.pid}`;
      const { stderr, exitCode } = await start(as, `echo kept >${file}; touch /new`, { env });
      expect(await readFile(file, "utf8")).toBe("kept\n");
      await rm(file);
      expect({ stderr, exitCode }).toEqual({ stderr: expect.stringContaining("Read-only file system"), exitCode: 1 });
    });

    it("begins at the top where its folder is not in there, and leaves nothing mounted", async () => {
      await mkdir(`${out}/elsewhere`, { recursive: true });
      const mounts = await readFile("/proc/self/mounts", "utf8");
      const { stdout } = await start(as, "pwd", { env, cwd: dirname(process.execPath) });
      expect(stdout).toBe("/\n");
      expect(await readFile("/proc/self/mounts", "utf8")).toBe(mounts);
      expect(await readdir(join(out, HOME, ".flatwrap/root"))).toEqual([]);
    });
  });

  it("is not started from a FLATWRAP_ROOT that is no absolute path", async () => {
    const { exitCode, stderr } = await start([], "id", { env: { FLATWRAP_ROOT: "x;id" }, cwd: dirname(out) });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 125,
      stderr: "treesh: FLATWRAP_ROOT is no absolute path: x;id\n",
    });
  });

  it("is started from an image whose path has blanks, quotes and more", async () => {
    const odd = join(dirname(out), `odd '$(id)" ${process.pid}`);
    await symlink(out, odd);
    for (const as of [[], somebody]) {
      const { stdout, exitCode } = await start(as, "cat /etc/whose", { env: { FLATWRAP_ROOT: odd } });
      expect({ stdout, exitCode }).toEqual({ stdout: "the tree's\n", exitCode: 0 });
    }
    await rm(odd);
  });

  it("is not started where nobody may make a private root, and says why", async () => {
    await using workplace = await Workplace.open();
    // A host without bubblewrap whose kernel refuses, as unshare would say it.
    for (const name of ["id", "sh", "env"]) await symlink(`/usr/bin/${name}`, workplace.file(name));
    await writeFile(workplace.file("unshare"), "#!/bin/sh\necho unshare failed: Operation not permitted >&2\nexit 1\n");
    await chmod(workplace.file("unshare"), 0o755);
    await chmod(workplace.path, 0o755);
    const ran = await start([...somebody, "/usr/bin/env", `PATH=${workplace.path}`], "id");
    expect(ran).toEqual({
      exitCode: 126,
      stdout: "",
      stderr: "sh: this host lets you make no private root: it needs user namespaces, or to be run as root\n",
    });
  });
});

describeWhere(lackForClients(), "flatwrap", () => {
  const others = (result: Flatwrapped) => ({ leftOut: result.leftOut, plain: result.plain });

  it("copies the tree as it is, symlinks too, without what no image may have", async () => {
    await using tree = await shellTree();
    await tree.symlink("usr/bin/absolute", "/etc/alternatives/nothing");
    await run("mkfifo", [tree.file("usr/pipe")]);
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(tree.file("usr/socket"), resolve);
    await promise;
    await tree.text("usr/bin/su", "", 0o4755);
    await tree.text("usr/bin/wall", "", 0o2755);
    await link(tree.file("usr/bin/dash"), tree.file("usr/bin/twin"));
    const result = await wrapped(tree, { setuid: ["/usr/bin/su"] });
    server.close();
    const { file } = result;
    expect(others(result)).toEqual({
      leftOut: [
        { path: "usr/pipe", why: "a pipe" },
        { path: "usr/socket", why: "a socket" },
      ],
      plain: ["usr/bin/wall"],
    });
    expect(result.warnings).toHaveLength(3);
    expect(await readlink(file(`${HOME}/usr/bin/absolute`))).toBe("/etc/alternatives/nothing");
    expect((await stat(file(`${HOME}/usr/bin/su`))).mode & 0o7777).toBe(0o4755);
    expect((await stat(file(`${HOME}/usr/bin/wall`))).mode & 0o7777).toBe(0o755);
    expect((await stat(file(`${HOME}/usr/bin/twin`))).ino).toBe((await stat(file(`${HOME}/usr/bin/dash`))).ino);
    expect(result.files).toBe((await run("find", [file(HOME), "-type", "f"])).split("\n").length - 1 - 2);
  });

  it("puts wrappers at programs, and symlinks at what is none", async () => {
    await using tree = await shellTree();
    await tree.symlink("etc/alternatives/sh", "/usr/bin/dash");
    await tree.symlink("usr/bin/alternative", "/etc/alternatives/sh");
    const paths = ["/usr/bin/sh", "/usr/bin/alternative", "/usr/share", "/etc/whose:/usr/share2/whose"];
    const { file, copied } = await wrapped(tree, { paths });
    expect(copied.map(({ why }) => why.slice(0, 9))).toEqual(["a wrapper", "a wrapper", "a symlink", "a symlink"]);
    // By the name that it was asked for; but with the host's /etc there are no alternatives.
    expect(await readFile(file("usr/bin/sh"), "utf8")).toContain("run' '/usr/bin/sh' \"$@\"");
    expect(await readFile(file("usr/bin/alternative"), "utf8")).toContain("run' '/usr/bin/dash' \"$@\"");
    expect((await lstat(file("usr/bin/sh"))).mode & 0o777).toBe(0o755);
    expect(await readlink(file("usr/share"))).toBe("local/tool/usr/share");
    expect(await readFile(file("usr/share2/whose"), "utf8")).toBe("the tree's\n");
  });

  it("mounts what is inside of something else after it, whoever it is of", async () => {
    await using tree = await PlantedTree.plant();
    await tree.text("usr/bin/sh", "", 0o755);
    await tree.text("var/lib/own/x", "");
    const request = {
      var: "chroot",
      chroot: ["/usr", "/opt/x", "/var-own"],
      host: ["/var/lib", "/var/lib/own/x/", "/usr/share"],
    } as const;
    const { root, file } = await wrapped(tree, request);
    expect(root.map(({ path, from }) => `${path} ${from}`)).toEqual([
      "/etc host",
      "/home host",
      "/root host",
      "/usr tree",
      "/usr/share host",
      "/var tree",
      "/var/lib host",
      "/var/lib/own/x host",
    ]);
    expect((await stat(file(`${HOME}/var/lib`))).isDirectory()).toBe(true);
  });

  it("says which libraries are not found with the host's /etc", async () => {
    await using tree = await PlantedTree.plant();
    await tree.text("usr/bin/sh", "", 0o755);
    await tree.text("etc/ld.so.conf", "/usr/lib/own\n/lib/x86_64-linux-gnu\n/usr/lib/empty\n");
    await tree.text("usr/lib/own/libx.so.1", "");
    expect((await wrapped(tree)).warnings).toEqual([
      expect.stringContaining("libraries in /usr/lib/own are not found"),
    ]);
  });

  it.each<[string, (tree: PlantedTree) => Promise<unknown>, Partial<FlatwrapRequest>, object]>([
    [
      "a path that the tree has not",
      async () => {},
      { paths: ["/usr/bin/x"] },
      { name: "UserError", message: "the tree has no /usr/bin/x" },
    ],
    [
      "a symlink to nothing",
      (tree) => tree.symlink("usr/bin/x", "y"),
      { paths: ["/usr/bin/x"] },
      { message: "/usr/bin/x leads to y, which is not in the tree" },
    ],
    [
      "a program that is not in the private root",
      (tree) => tree.copy("/usr/bin/true", "opt/x/true", 0o755),
      { paths: ["/opt/x/true:/usr/bin/x"] },
      { name: "UserError", message: "/opt/x/true is not in the private root", hint: "name its folder too: --chroot" },
    ],
    [
      "a folder of both sides",
      async () => {},
      { host: ["/usr"] },
      { name: "UsageError", message: "/usr cannot be both the tree's and the host's" },
    ],
    ["the root itself", async () => {}, { host: ["/"] }, { name: "UsageError" }],
    ["a folder that goes up", async () => {}, { chroot: ["/usr/../etc"] }, { name: "UsageError" }],
    ["a folder that is relative", async () => {}, { host: ["dev"] }, { name: "UsageError" }],
    ["a folder with a line break", async () => {}, { host: ["/x\nid"] }, { name: "UsageError" }],
    [
      "a host's folder by way of the tree's symlinks",
      (tree) => tree.symlink("usr/link", "/etc"),
      { host: ["/usr/link/x"] },
      { name: "UsageError", message: "/usr/link/x leads through /usr/link, a symlink of the tree to /etc" },
    ],
    [
      "a tree that has been wrapped",
      (tree) => tree.text(".flatwrap/run", ""),
      {},
      { message: "the tree has a /.flatwrap, which is flatwrap's" },
    ],
    [
      "a setuid file that is not there",
      async () => {},
      { setuid: ["usr/bin/su"] },
      { message: "the tree has no file /usr/bin/su, which is to keep its setuid bit" },
    ],
  ])("refuses %s", async (_, plant, request, problem) => {
    await using tree = await PlantedTree.plant();
    await tree.text("usr/bin/sh", "", 0o755);
    await plant(tree);
    await expect(wrapped(tree, request)).rejects.toMatchObject(problem);
  });
});
