/** A recipe's script in a tree of its own: what it gets, what is kept of what it installs, and what it cannot do. */
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, it } from "vitest";
import { bake, type Kitchen } from "../../../../builder/bake/bake.ts";
import { kitchenFrom } from "../../../../builder/bake/kitchen.ts";
import { planBake } from "../../../../builder/bake/plan.ts";
import { container, fixed, ociRootfs, pinned, unpack, unverified } from "../../../../builder/recipe/index.ts";
import type { RootfsMaker } from "../../../../builder/rootfs/rootfs-maker.ts";
import { progressOn } from "../../../../builder/system/progress.ts";
import { run } from "../../../../builder/system/run.ts";
import { Workplace } from "../../../support/bakery.ts";
import { exists, unpackDebian } from "../../../support/debian.ts";
import { describeWhere, lackForClients } from "../../../support/requirements.ts";
import { sha256 } from "../../../support/sha256.ts";
import { archive, entry } from "../../../support/tar-archive.ts";
import { fileHost } from "../../../support/upstreams/file-host.ts";
import { Mirror } from "../../../support/upstreams/mirror.ts";

const BUSYBOX = fileURLToPath(new URL("../../../../.cache/busybox", import.meta.url));
const IMAGE = `registry.example/box@sha256:${"1".repeat(64)}`;
const RECORD = { url: `oci:${IMAGE}`, sha256: "1".repeat(64), size: 1, verifiedBy: "oci-digest" } as const;
const SOURCE = gzipSync(archive(entry({ path: "tool-1.0.0/greeting" }, "hello")));

/** The smallest distribution there is. */
const rootfs: RootfsMaker = {
  async resolve() {
    return {
      identity: "busybox",
      downloads: [RECORD],
      env: {},
      copyTo: async () => {},
      async make(folder) {
        await mkdir(join(folder, "bin"), { recursive: true });
        await cp(join(BUSYBOX, "bin/busybox"), join(folder, "bin/busybox"));
        const applets = ["sh", "mkdir", "cp", "cat", "env", "ls", "chmod", "id", "nc", "printf", "sleep", "touch"];
        for (const name of applets) await symlink("busybox", join(folder, "bin", name));
      },
    };
  },
};

interface Scripted {
  readonly script: string;
  readonly options?: Partial<Parameters<typeof container>[1]>;
  readonly signal?: AbortSignal;
}

async function bakeWith(workplace: Workplace, { script, options, signal }: Scripted) {
  await using mirror = await Mirror.open({ "upstream.example": fileHost({ "/tool.tar.gz": SOURCE }) });
  await writeFile(workplace.file("build.sh"), `set -eu\n${script}\n`);
  const recipe = {
    description: "",
    homepage: "",
    versions: fixed("v1.0.0"),
    downloads: () => [
      {
        url: "https://upstream.example/tool.tar.gz",
        verify: pinned({ "v1.0.0": sha256(SOURCE) }),
        install: unpack("src", { strip: 1 }),
      },
    ],
    build: () => [container(ociRootfs(IMAGE), { script: "build.sh", ...options })],
    provides: ["usr/bin/tool"] as const,
  };
  const plan = await planBake(
    { name: "tool", folder: workplace.path, recipe },
    { version: "v1.0.0", arch: "x86-64", epoch: 86_400 },
  );
  let story = "";
  const progress = progressOn({ write: (text) => (story += text) });
  const env = { BAKERY_MIRROR: mirror.url, BAKERY_CACHE: workplace.cache, BAKERY_CONTAINERS: "none" };
  const kitchen: Kitchen = { ...kitchenFrom(env, { signal, progress }), rootfs };
  const baked = await bake(plan, workplace.file("tool.raw"), kitchen);
  const root = workplace.file("root");
  await run("unsquashfs", ["-quiet", "-no-progress", "-dest", root, workplace.file("tool.raw")]);
  return { root, story, baked };
}

const INSTALL = `mkdir -p "$DESTDIR/usr/sbin"; cp src/greeting "$DESTDIR/usr/sbin/tool"`;

describeWhere(lackForClients(), "a build script", () => {
  beforeAll(async () => {
    if (!(await exists(BUSYBOX))) await unpackDebian(BUSYBOX, { suite: "bookworm", packages: ["busybox-static"] });
  });

  it("finds what was unpacked for it, and installs below DESTDIR; usr/sbin goes to usr/bin, /etc is not kept", async () => {
    await using workplace = await Workplace.open();
    const { root, story, baked } = await bakeWith(workplace, {
      script: `${INSTALL}; mkdir "$DESTDIR/etc"; touch "$DESTDIR/etc/tool.conf"`,
    });
    expect(await readFile(join(root, "usr/bin/tool"), "utf8")).toBe("hello");
    expect(await readdir(join(root, "usr"))).toEqual(["bin", "lib"]);
    expect(await readdir(root)).toEqual(["usr"]);
    expect(story).toContain("not kept of what build.sh has installed: etc\n");
    expect(baked.builds).toEqual([{ kind: "container", from: `oci:${IMAGE}` }]);
    expect(baked.downloads).toContainEqual(RECORD);
  });

  it("is told what it is to build, and nothing of the machine's environment", async () => {
    await using workplace = await Workplace.open();
    process.env.SECRET_OF_THIS_MACHINE = "secret";
    try {
      const { root } = await bakeWith(workplace, {
        script: `mkdir -p "$DESTDIR/usr/bin"; env > "$DESTDIR/usr/bin/tool"`,
        options: { env: { CFLAGS: "-O2 -g" } },
      });
      const variables = (await readFile(join(root, "usr/bin/tool"), "utf8")).split("\n");
      expect(variables).toEqual(
        expect.arrayContaining([
          "VERSION=v1.0.0",
          "BARE_VERSION=1.0.0",
          "TAG=v1.0.0",
          "ARCH=x86-64",
          "GO_ARCH=amd64",
          "UNAME_ARCH=x86_64",
          "SOURCE_DATE_EPOCH=86400",
          "CFLAGS=-O2 -g",
          "PWD=/build/work",
        ]),
      );
      expect(variables.join("\n")).not.toMatch(/SECRET|BAKERY/);
    } finally {
      delete process.env.SECRET_OF_THIS_MACHINE;
    }
  });

  it("has a network only where its recipe says why", async () => {
    await using workplace = await Workplace.open();
    const server = await Mirror.open({ "upstream.example": fileHost({ "/x": "fetched" }) });
    const { port } = new URL(server.url);
    const ask = `printf 'GET /upstream.example/x HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 ${port}`;
    const fetching = { script: `${INSTALL}; ${ask} > "$DESTDIR/usr/sbin/fetched"` };
    await expect(bakeWith(workplace, fetching)).rejects.toThrow(/^sh failed in the tree: exit code/);
    const network = unverified("a test");
    const { root, baked } = await bakeWith(workplace, { ...fetching, options: { network } });
    expect(await readFile(join(root, "usr/bin/fetched"), "utf8")).toMatch(/fetched$/);
    expect(baked.builds).toEqual([{ kind: "container", from: `oci:${IMAGE}`, network: "a test" }]);
    await server[Symbol.asyncDispose]();
  });

  it("that fails ends the bake with its last words", async () => {
    await using workplace = await Workplace.open();
    await expect(bakeWith(workplace, { script: "echo no compiler here >&2; exit 3" })).rejects.toMatchObject({
      message: "sh failed in the tree: exit code 3",
      details: { output: "no compiler here" },
    });
  });

  it("that installs nothing, or a program twice, is refused", async () => {
    await using workplace = await Workplace.open();
    await expect(bakeWith(workplace, { script: `mkdir -p "$DESTDIR/usr/bin"` })).rejects.toThrow(
      "build.sh has installed nothing below $DESTDIR/usr and $DESTDIR/opt",
    );
    const twice = `${INSTALL}; mkdir "$DESTDIR/usr/bin"; touch "$DESTDIR/usr/bin/tool"`;
    await expect(bakeWith(workplace, { script: twice })).rejects.toThrow(
      "a build has made both usr/bin/tool and usr/sbin/tool",
    );
  });

  it("is ended with the bake, and all that it has begun", async () => {
    await using workplace = await Workplace.open();
    const interrupted = new AbortController();
    const mark = `sleep 98${process.pid}`;
    const baking = bakeWith(workplace, { script: `${mark} & ${mark}`, signal: interrupted.signal });
    const processes = () => run("ps", ["-A", "-o", "args="]);
    while (!(await processes()).includes(mark)) await new Promise((resolve) => setTimeout(resolve, 50));
    interrupted.abort(new Error("ended"));
    await expect(baking).rejects.toThrow("ended");
    expect(await processes()).not.toContain(mark);
  });
});

it("a recipe that does not pin its image, has no such script, or takes nothing out of a tree is refused", async () => {
  await using workplace = await Workplace.open();
  const extension = (build: ReturnType<typeof container>) => ({
    name: "tool",
    folder: workplace.path,
    recipe: { description: "", homepage: "", versions: fixed("1"), provides: ["usr/x"] as const, build: () => [build] },
  });
  const request = { version: "1", arch: "x86-64" } as const;
  await expect(planBake(extension(container(ociRootfs("alpine:3.21"), { script: "b" })), request)).rejects.toThrow(
    'the recipe of tool cannot be followed: alpine:3.21 is not pinned: add @sha256:…, or unverified("why")',
  );
  await expect(planBake(extension(container(ociRootfs(IMAGE), { script: "b.sh" })), request)).rejects.toThrow(
    "extensions/tool/b.sh is not there, which the recipe builds with",
  );
});
