/**
 * What programs load: in the tree, by the real loader in a chroot; and after they were flixed, with what was copied in
 * its place. Each name has to mean the same file, whatever the host has.
 */
import { expect, it } from "vitest";
import { run } from "../../../builder/system/run.ts";
import { type Flixed, flix } from "../../../builder/wrap/flix.ts";
import { mergingUnavailable } from "../../support/merged.ts";
import { describeWhere } from "../../support/requirements.ts";
import { LOADER, MULTIARCH, PlantedTree } from "./planted-tree.ts";

const HOME = "/usr/local/tool";
/** Nobody's libraries must get in, wherever the environment says that they are. */
const ON_HOST = `
mount --make-rprivate / && mount -t tmpfs tmpfs /usr/local && mkdir ${HOME}
mount --bind "$1${HOME}" ${HOME}
export LD_LIBRARY_PATH=/lib/x86_64-linux-gnu
LD_TRACE_LOADED_OBJECTS=1 "$1/$2" && "$1/$2"
`;

/** Lines of ld.so(8)'s `--list`: `libx.so.1 => /usr/lib/libx.so.1 (0x00007f…)` */
function loadedIn(listing: string): Map<string, string> {
  const found = [...listing.matchAll(/^\s*(?<name>\S+) => (?<path>\/\S+) \(0x/gm)];
  return new Map(found.map(({ groups }) => [groups?.name ?? "", (groups?.path ?? "").replace(/^\//, "")]));
}

const byTree = async (tree: PlantedTree, program = "usr/bin/tool") => {
  await run("ldconfig", ["-r", tree.path], { env: { PATH: `${process.env.PATH}:/sbin:/usr/sbin` } });
  const loaded = loadedIn(await run("chroot", [tree.path, `/${LOADER}`, "--list", `/${program}`]));
  const real = async (path: string) =>
    (await run("chroot", [tree.path, "/usr/bin/realpath", `/${path}`])).trim().slice(1);
  return new Map(await Promise.all([...loaded].map(async ([name, path]) => [name, await real(path)] as const)));
};

const onHost = async (output: string, { copied }: Flixed, program = "usr/bin/tool") => {
  const loaded = loadedIn(await run("unshare", ["-m", "sh", "-euc", ON_HOST, "sh", output, program]));
  return new Map(
    [...loaded].map(([name, path]) => [name, copied.find((one) => one.path === path)?.from ?? `not copied: ${path}`]),
  );
};

describeWhere(await mergingUnavailable(), "a flixed program loads what it loads in its tree", () => {
  it.each<[string, (tree: PlantedTree) => Promise<void>]>([
    [
      "from the standard folders, with what its libraries need, by way of symlinks",
      async (tree) => {
        await tree.program("usr/bin/tool", { needed: ["liba.so.1"] });
        await tree.library(`${MULTIARCH}/liba.so.1.0`, { needed: ["libb.so.1"], soname: "liba.so.1" });
        await tree.symlink(`${MULTIARCH}/liba.so.1`, "liba.so.1.0");
        await tree.library("lib/x86_64-linux-gnu/libb.so.1.2", { soname: "libb.so.1" });
        await tree.symlink(`${MULTIARCH}/libb.so.1`, "/lib/x86_64-linux-gnu/libb.so.1.2");
      },
    ],
    [
      "from folders of ld.so.conf and what it includes",
      async (tree) => {
        await tree.text("etc/ld.so.conf", "# a comment\ninclude ld.so.conf.d/*.conf\n/opt/lib\n");
        await tree.text("etc/ld.so.conf.d/x.conf", "/usr/lib/x/\n");
        await tree.text("etc/ld.so.conf.d/y.conf.old", "/usr/lib/y\n");
        await tree.program("usr/bin/tool", { needed: ["liba.so.1", "libb.so.1"] });
        await tree.library("usr/lib/x/liba.so.1", { text: "x" });
        await tree.library("usr/lib/y/liba.so.1", { text: "y" });
        await tree.library("opt/lib/libb.so.1");
      },
    ],
    [
      "by rpaths with $ORIGIN, $LIB in braces, and $PLATFORM",
      async (tree) => {
        const rpath = `$ORIGIN/../lib/own:/opt/$\{LIB}:/opt/$PLATFORM`;
        await tree.program("usr/bin/tool", { needed: ["liba.so.1", "libb.so.1", "libc1.so.1"], rpath });
        await tree.library("usr/lib/own/liba.so.1");
        await tree.library("opt/lib/x86_64-linux-gnu/libb.so.1");
        await tree.library("opt/x86_64/libc1.so.1");
      },
    ],
    [
      "by the rpath of who loads, which libraries inherit, but for those with a runpath",
      async (tree) => {
        await tree.program("usr/bin/tool", { needed: ["liba.so.1", "libb.so.1"], rpath: "/opt/program" });
        await tree.library("opt/program/liba.so.1", { needed: ["libx.so.1"] });
        await tree.library("opt/program/libb.so.1", { needed: ["liby.so.1"], runpath: "$ORIGIN/own" });
        await tree.library("opt/program/libx.so.1", { text: "inherited" });
        await tree.library(`${MULTIARCH}/libx.so.1`, { text: "standard" });
        await tree.library("opt/program/liby.so.1", { text: "not inherited" });
        await tree.library("opt/program/own/liby.so.1", { text: "own" });
      },
    ],
    [
      "by its runpath, which its libraries do not inherit",
      async (tree) => {
        await tree.program("usr/bin/tool", { needed: ["liba.so.1"], runpath: "/opt/program" });
        await tree.library("opt/program/liba.so.1", { needed: ["libx.so.1"] });
        await tree.library("opt/program/libx.so.1", { text: "not inherited" });
        await tree.library(`${MULTIARCH}/libx.so.1`, { text: "standard" });
      },
    ],
    [
      "past libraries for other machines, and not from standard folders where it says so",
      async (tree) => {
        await tree.text("etc/ld.so.conf", "/opt/lib\n");
        await tree.program("usr/bin/tool", { needed: ["liba.so.1"], rpath: "/opt/arm", noDefaultFolders: true });
        await tree.library("opt/arm/liba.so.1");
        await tree.forMachine("opt/arm/liba.so.1", 183);
        await tree.library("opt/arm/libc.so.6", {});
        await tree.forMachine("opt/arm/libc.so.6", 183);
        await tree.library("opt/lib/liba.so.1", { text: "configured" });
        await tree.library(`${MULTIARCH}/liba.so.1`, { text: "standard" });
        // The C library too is looked for only where the program says.
        await tree.program("usr/bin/tool", {
          needed: ["liba.so.1"],
          rpath: "/opt/arm:/lib/x86_64-linux-gnu",
          noDefaultFolders: true,
        });
      },
    ],
    [
      "once by each name, the one that came first",
      async (tree) => {
        await tree.program("usr/bin/tool", { needed: ["libx.so.1", "liba.so.1"], rpath: "/opt/first" });
        await tree.library("opt/first/libx.so.1", { text: "first" });
        await tree.library("opt/first/liba.so.1", { needed: ["libx.so.1"], runpath: "/opt/second" });
        await tree.library("opt/second/libx.so.1", { text: "second" });
      },
    ],
  ])("%s", async (_, plant) => {
    await using tree = await PlantedTree.plant();
    await plant(tree);
    await tree.copy("/usr/bin/realpath", "usr/bin/realpath", 0o755);
    const inTree = await byTree(tree);
    const flixed = await flix({ tree: tree.path, name: "tool", paths: ["/usr/bin/tool"] }, tree.beside("out"));
    expect(await onHost(tree.beside("out"), flixed)).toEqual(inTree);
    expect(inTree.size).toBeGreaterThan(1);
    // And nothing else was copied.
    const libraries = flixed.copied.filter(({ why }) => why.startsWith("needed by"));
    expect(libraries.map(({ from }) => from).sort()).toEqual([...inTree.values()].sort());
  });

  it("also where two programs have different libraries of one name", async () => {
    await using tree = await PlantedTree.plant();
    for (const name of ["one", "two", "three"]) {
      await tree.program(`usr/bin/${name}`, { needed: ["liba.so.1"], rpath: `/opt/${name}` });
      await tree.library(`opt/${name}/liba.so.1`, { text: name === "three" ? "one" : name });
    }
    const paths = ["/usr/bin/one", "/usr/bin/two", "/usr/bin/three"];
    const flixed = await flix({ tree: tree.path, name: "tool", paths }, tree.beside("out"));
    const loaded = await Promise.all(
      ["one", "two", "three"].map(async (name) =>
        (await onHost(tree.beside("out"), flixed, `usr/bin/${name}`)).get("liba.so.1"),
      ),
    );
    // Of the same bytes one is enough.
    expect(loaded).toEqual(["opt/one/liba.so.1", "opt/two/liba.so.1", "opt/one/liba.so.1"]);
  });

  it("and what was copied with a folder is used where it went", async () => {
    await using tree = await PlantedTree.plant();
    await tree.program("usr/bin/tool", { needed: ["liba.so.1"], rpath: "$ORIGIN/../lib/own" });
    await tree.library("usr/lib/own/liba.so.1.0", { soname: "liba.so.1" });
    await tree.symlink("usr/lib/own/liba.so.1", "liba.so.1.0");
    const request = { tree: tree.path, name: "tool", paths: ["/usr/bin/tool", "/usr/lib/own:/usr/lib/moved"] };
    await flix(request, tree.beside("out"));
    expect(await run("readlink", [`${tree.beside("out")}${HOME}/liba.so.1`])).toBe("../../lib/moved/liba.so.1\n");
    const rpath = await run("patchelf", ["--print-rpath", `${tree.beside("out")}/usr/bin/tool`]);
    expect(rpath.trim()).toBe(`${HOME}:/usr/lib/moved`);
  });
});
