/** The tree that becomes an image: no path leads out of it, and nothing is written through a symlink. */
import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { ExtensionRoot } from "../../../builder/bake/extension-root.ts";
import { Workplace } from "../../support/bakery.ts";

async function open() {
  const workplace = await Workplace.open();
  await mkdir(workplace.file("root"));
  await writeFile(workplace.file("host"), "the host's");
  const root = new ExtensionRoot(workplace.file("root"));
  return {
    root,
    file: (path: string) => workplace.file(`root/${path}`),
    host: () => readFile(workplace.file("host"), "utf8"),
    hostFile: workplace.file("host"),
    [Symbol.asyncDispose]: () => workplace[Symbol.asyncDispose](),
  };
}

it.each(["/usr/bin/x", "../x", "usr/../../x", "usr/..", ".", "", "./"])("refuses %j as a path", async (path) => {
  await using at = await open();
  const { root } = at;
  const uses = [
    root.write(path, ""),
    root.install(at.hostFile, path),
    root.symlink(path, "x"),
    root.remove(path),
    root.replace(path, "a", "b"),
    root.has(path),
    root.names(path),
    root.isFolder(path),
  ];
  const outcomes = await Promise.allSettled(uses);
  expect(outcomes.map(({ status }) => status)).toEqual(uses.map(() => "rejected"));
  expect(await at.host()).toBe("the host's");
});

it.each(["usr/bin/x", "./usr//bin/x", "usr/share/../bin/x"])("takes %j", async (path) => {
  await using at = await open();
  await at.root.write(path, "x", { executable: true });
  expect(await readFile(at.file("usr/bin/x"), "utf8")).toBe("x");
  expect((await stat(at.file("usr/bin/x"))).mode & 0o777).toBe(0o755);
});

it("never follows a symlink, in the middle of a path or at its end", async () => {
  await using at = await open();
  const { root } = at;
  await mkdir(at.file("usr"));
  await symlink(at.hostFile, at.file("usr/file"));
  await symlink("..", at.file("usr/up"));

  await expect(root.replace("usr/file", "host", "guest")).rejects.toThrow("usr/file is no file");
  await expect(root.folder("usr/up")).rejects.toThrow("usr/up is no folder");
  await expect(root.write("usr/up/x", "")).rejects.toThrow("leads through the symlink usr/up");
  expect(await root.names("usr/up")).toEqual([]);
  await root.write("usr/file", "ours");
  expect(await readFile(at.file("usr/file"), "utf8")).toBe("ours");
  expect(await at.host()).toBe("the host's");
});

it("does not put a file where a folder is, nor a folder where a file is", async () => {
  await using at = await open();
  await at.root.write("usr/bin/x", "");
  await expect(at.root.write("usr/bin", "")).rejects.toThrow("usr/bin is a folder already");
  await expect(at.root.folder("usr/bin/x")).rejects.toThrow("usr/bin/x is no folder");
});
