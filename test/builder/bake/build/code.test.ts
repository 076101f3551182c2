/** What a recipe's code builds: it gets what was downloaded, verified, and what it makes is a layer of the image. */
import { chmod, link, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { bake } from "../../../../builder/bake/bake.ts";
import { inputsOf } from "../../../../builder/bake/inputs.ts";
import { kitchenFrom } from "../../../../builder/bake/kitchen.ts";
import { planBake } from "../../../../builder/bake/plan.ts";
import {
  type BuildContext,
  code,
  type Download,
  extract,
  file,
  fixed,
  keep,
  pinned,
  type Recipe,
  replace,
  unpack,
} from "../../../../builder/recipe/index.ts";
import { run } from "../../../../builder/system/run.ts";
import { Workplace } from "../../../support/bakery.ts";
import { sha256 } from "../../../support/sha256.ts";
import { archive, entry } from "../../../support/tar-archive.ts";
import { fileHost } from "../../../support/upstreams/file-host.ts";
import { Mirror } from "../../../support/upstreams/mirror.ts";

const SOURCE = gzipSync(archive(entry({ path: "tool-1.0.0/main.sh", mode: 0o644 }, "#!/bin/sh\necho built\n")));
const PATCH = Buffer.from("s/built/patched/\n");
const FILES = { "/source.tar.gz": SOURCE, "/fix.sed": PATCH };

const download = (name: keyof typeof FILES, install: Download["install"], bytes = FILES[name]): Download => ({
  url: `https://upstream.example${name}`,
  verify: pinned({ "1.0.0": sha256(bytes) }),
  install,
});
const DOWNLOADS = [download("/source.tar.gz", unpack("src", { strip: 1 })), download("/fix.sed", keep("fix.sed"))];

interface Baking {
  readonly perform: (context: BuildContext) => Promise<void>;
  readonly fields?: Partial<Recipe>;
  readonly downloads?: readonly Download[];
}

async function bakeWith(workplace: Workplace, { perform, fields, downloads = DOWNLOADS }: Baking): Promise<string> {
  await using mirror = await Mirror.open({ "upstream.example": fileHost(FILES) });
  await writeFile(workplace.file("recipe.ts"), "// as it was\n");
  const recipe: Recipe = {
    description: "",
    homepage: "",
    versions: fixed("1.0.0"),
    downloads: () => downloads,
    build: () => [code(perform)],
    provides: ["usr/bin/tool"],
    ...fields,
  };
  const plan = await planBake({ name: "tool", folder: workplace.path, recipe }, { version: "1.0.0", arch: "x86-64" });
  const kitchen = kitchenFrom({ BAKERY_MIRROR: mirror.url, BAKERY_CACHE: workplace.cache });
  const image = workplace.file("tool.raw");
  const { builds } = await bake(plan, image, kitchen);
  expect(builds).toEqual([{ kind: "code" }]);
  const root = workplace.file("root");
  await run("unsquashfs", ["-quiet", "-no-progress", "-dest", root, image]);
  return root;
}

async function install({ work, root, run: runHere }: BuildContext): Promise<void> {
  await runHere("sed", "-i", "-f", "fix.sed", "src/main.sh");
  await mkdir(join(root, "usr/bin"), { recursive: true });
  await writeFile(join(root, "usr/bin/tool"), await readFile(join(work, "src/main.sh")));
  await chmod(join(root, "usr/bin/tool"), 0o700);
}

it("works with what was unpacked and kept for it, of which the image has nothing", async () => {
  await using workplace = await Workplace.open();
  const root = await bakeWith(workplace, { perform: install });
  expect(await run(join(root, "usr/bin/tool"), [])).toBe("patched\n");
  expect((await readdir(root, { recursive: true })).filter((path) => !path.startsWith("usr/lib"))).toEqual([
    "usr",
    "usr/bin",
    "usr/bin/tool",
  ]);
});

it("lays what it makes over downloads and files/, and below the recipe's tree, which may edit it", async () => {
  await using workplace = await Workplace.open();
  await mkdir(workplace.file("files/usr/share"), { recursive: true });
  await writeFile(workplace.file("files/usr/share/a"), "files");
  const root = await bakeWith(workplace, {
    async perform(context) {
      await install(context);
      await mkdir(join(context.root, "usr/share"));
      for (const name of ["a", "b", "main.sh"]) await writeFile(join(context.root, "usr/share", name), "build");
    },
    downloads: [...DOWNLOADS, download("/source.tar.gz", extract("usr/share", { strip: 1 }))],
    fields: { tree: () => [file("usr/share/b", "tree"), replace("usr/bin/tool", "patched", "edited")] },
  });
  const read = (path: string) => readFile(join(root, path), "utf8");
  expect(await Promise.all(["usr/share/a", "usr/share/b", "usr/share/main.sh"].map(read))).toEqual([
    "build",
    "tree",
    "build",
  ]);
  expect(await read("usr/bin/tool")).toContain("echo edited");
});

it("keeps symlinks and hard links as they are, and of modes who may execute", async () => {
  await using workplace = await Workplace.open();
  const root = await bakeWith(workplace, {
    async perform(context) {
      await install(context);
      const bin = join(context.root, "usr/bin");
      await link(join(bin, "tool"), join(bin, "again"));
      await symlink("tool", join(bin, "short"));
    },
  });
  const stat = (path: string) => run("stat", ["--format=%A %h %N", path], { cwd: join(root, "usr/bin") });
  expect(await stat("tool")).toBe("-rwxr-xr-x 2 'tool'\n");
  expect(await stat("again")).toBe("-rwxr-xr-x 2 'again'\n");
  expect(await stat("short")).toMatch(/'short' -> 'tool'/);
});

it("does not begin before what it works with is verified", async () => {
  await using workplace = await Workplace.open();
  let hasBegun = false;
  const wrong = download("/source.tar.gz", unpack("src"), Buffer.from("other"));
  const baking = bakeWith(workplace, {
    async perform() {
      hasBegun = true;
    },
    downloads: [wrong],
  });
  await expect(baking).rejects.toThrow(/does not match its published checksum/);
  expect(hasBegun).toBe(false);
});

it("fails the bake where it fails, names what it has made that no image may have, and leaves nothing", async () => {
  await using workplace = await Workplace.open();
  const before = await readdir(tmpdir());
  await expect(bakeWith(workplace, { perform: ({ run: here }) => here("false").then(() => {}) })).rejects.toThrow(
    "false failed: exit code 1",
  );
  await expect(
    bakeWith(workplace, {
      async perform(context) {
        await install(context);
        await context.run("mkfifo", join(context.root, "usr/bin/pipe"));
      },
    }),
  ).rejects.toThrow("a build has made usr/bin/pipe, which is neither file, folder nor symlink");
  expect((await readdir(workplace.path)).filter((name) => name.includes("raw"))).toEqual([]);
  const left = (await readdir(tmpdir())).filter((name) => !before.includes(name));
  expect(left.filter((name) => name.startsWith(`sysext-bakery-`) && name.includes(`.${process.pid}-`))).toEqual([]);
});

it("is an input of the image by the recipe's text", async () => {
  await using workplace = await Workplace.open();
  const kitchen = kitchenFrom({ BAKERY_CACHE: workplace.cache });
  const digest = async (text: string) => {
    await writeFile(workplace.file("recipe.ts"), text);
    const recipe: Recipe = {
      description: "",
      homepage: "",
      versions: fixed("1.0.0"),
      build: () => [code(install)],
      provides: ["usr/bin/tool"],
    };
    const plan = await planBake({ name: "tool", folder: workplace.path, recipe }, { version: "1.0.0", arch: "arm64" });
    return (await inputsOf(plan, kitchen.rootfs)).digest;
  };
  const first = await digest("one");
  expect(await digest("one")).toBe(first);
  expect(await digest("other")).not.toBe(first);
});
