/** A script that is run in a tree before programs are taken out of it: what it finds, what is shipped, what it cannot do. */
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { generateKey } from "openpgp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bake, type Kitchen } from "../../../../builder/bake/bake.ts";
import { describePlan } from "../../../../builder/bake/describe-plan.ts";
import { inputsDigest } from "../../../../builder/bake/inputs.ts";
import { kitchenFrom } from "../../../../builder/bake/kitchen.ts";
import { planBake } from "../../../../builder/bake/plan.ts";
import {
  type Download,
  fixed,
  flix,
  ociRootfs,
  pinned,
  signedBy,
  unpack,
  unverified,
} from "../../../../builder/recipe/index.ts";
import { plantElsewhere } from "../../../../builder/reproducible/variations.ts";
import type { RootfsMaker } from "../../../../builder/rootfs/rootfs-maker.ts";
import { run } from "../../../../builder/system/run.ts";
import { Workplace } from "../../../support/bakery.ts";
import { exists, unpackDebian } from "../../../support/debian.ts";
import { describeWhere, lackForClients } from "../../../support/requirements.ts";
import { sha256 } from "../../../support/sha256.ts";
import { archive, entry } from "../../../support/tar-archive.ts";
import { fileHost } from "../../../support/upstreams/file-host.ts";
import { Mirror } from "../../../support/upstreams/mirror.ts";
import { bring } from "../../rootfs/tiny-archive.ts";

const BUSYBOX = fileURLToPath(new URL("../../../../.cache/busybox", import.meta.url));
const IMAGE = `registry.example/box@sha256:${"1".repeat(64)}`;
const SOURCE = gzipSync(archive(entry({ path: "tool-1.0.0/greeting" }, "hello")));
const SOURCES: Download = {
  url: "https://upstream.example/tool.tar.gz",
  verify: pinned({ "1.0.0": sha256(SOURCE) }),
  install: unpack("src", { strip: 1 }),
};
/** What compiles a program, in short. */
const INSTALL = `cp /usr/bin/cat "$DESTDIR/usr/bin/tool"; mkdir /usr/share; cp src/greeting /usr/share/greeting`;

/** A distribution of a shell and a program. */
const rootfs: RootfsMaker = {
  async resolve() {
    return {
      identity: "busybox",
      downloads: [],
      env: {},
      copyTo: async () => {},
      async make(folder) {
        for (const name of ["bin", "lib", "lib64"]) {
          await mkdir(join(folder, "usr", name), { recursive: true });
          await symlink(`usr/${name}`, join(folder, name));
        }
        await bring(["cat"], folder);
        await cp(join(BUSYBOX, "bin/busybox"), join(folder, "bin/busybox"));
        for (const name of ["sh", "cp", "env", "mkdir", "nc", "printf"]) {
          await symlink("busybox", join(folder, "bin", name));
        }
      },
    };
  },
};

interface Scripted {
  readonly script: string;
  readonly options?: { readonly env?: Record<string, string>; readonly network?: ReturnType<typeof unverified> };
  readonly downloads?: readonly Download[];
}

async function plan(workplace: Workplace, { script, options, downloads = [SOURCES] }: Scripted) {
  const folder = workplace.file("tool");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "build.sh"), `set -eu\n${script}\n`);
  const paths = ["/usr/bin/tool", "/usr/share/greeting"];
  const recipe = {
    description: "",
    homepage: "",
    versions: fixed("1.0.0"),
    downloads: () => downloads,
    build: () => [flix(ociRootfs(IMAGE), paths, { script: "build.sh", ...options })],
    provides: ["usr/bin/tool"] as const,
  };
  const extension = { name: "tool", folder, recipe };
  return { extension, plan: await planBake(extension, { version: "1.0.0", arch: "x86-64", epoch: 86_400 }) };
}

describeWhere(lackForClients(), "a script of flix", () => {
  let mirror: Mirror;
  beforeAll(async () => {
    if (!(await exists(BUSYBOX))) await unpackDebian(BUSYBOX, { suite: "bookworm", packages: ["busybox-static"] });
    mirror = await Mirror.open({ "upstream.example": fileHost({ "/tool.tar.gz": SOURCE, "/x": "fetched" }) });
  });
  afterAll(() => mirror[Symbol.asyncDispose]());

  async function bakeWith(workplace: Workplace, scripted: Scripted) {
    const env = { BAKERY_MIRROR: mirror.url, BAKERY_CACHE: workplace.cache, BAKERY_CONTAINERS: "none" };
    const kitchen: Kitchen = { ...kitchenFrom(env), rootfs };
    const baked = await bake((await plan(workplace, scripted)).plan, workplace.file("tool.raw"), kitchen);
    const root = workplace.file("root");
    await run("unsquashfs", ["-quiet", "-no-progress", "-dest", root, workplace.file("tool.raw")]);
    return { root, baked };
  }
  /** The temporary folders of this process. */
  const leftOver = async () => (await readdir(tmpdir())).filter((name) => name.includes(`.${process.pid}-`));

  it("finds downloads in its current folder; what it installs is taken out of the tree with its libraries", async () => {
    await using workplace = await Workplace.open();
    const { root, baked } = await bakeWith(workplace, { script: INSTALL });
    expect(await readFile(join(root, "usr/share/greeting"), "utf8")).toBe("hello");
    expect((await readdir(join(root, "usr"))).sort()).toEqual(["bin", "lib", "local", "share"]);
    expect(await readdir(join(root, "usr/bin"))).toEqual(["tool"]);
    const interpreter = await run("patchelf", ["--print-interpreter", join(root, "usr/bin/tool")]);
    expect(interpreter).toMatch(/^\/usr\/local\/tool\/ld-linux/);
    expect(await readdir(join(root, "usr/local/tool"))).toContain("libc.so.6");
    expect(baked.builds).toEqual([{ kind: "flix", from: `oci:${IMAGE}` }]);
    expect(baked.downloads.map(({ url }) => url)).toEqual([SOURCES.url]);
    expect(await leftOver()).toEqual([]);
  });

  it("is told what it is to build, and has no network unless its recipe says why", async () => {
    await using workplace = await Workplace.open();
    const { port } = new URL(mirror.url);
    const ask = `printf 'GET /upstream.example/x HTTP/1.0\\r\\n\\r\\n' | nc 127.0.0.1 ${port} > /usr/share/greeting`;
    const fetching = { script: `${INSTALL}; ${ask}; env >> /usr/share/greeting` };
    await expect(bakeWith(workplace, fetching)).rejects.toThrow(/^sh failed in the tree: exit code/);
    const options = { network: unverified("a test"), env: { CFLAGS: "-O2 -g" } };
    const { root, baked } = await bakeWith(workplace, { ...fetching, options });
    const told = await readFile(join(root, "usr/share/greeting"), "utf8");
    expect(told).toContain("\nfetched");
    for (const line of ["VERSION=1.0.0", "UNAME_ARCH=x86_64", "SOURCE_DATE_EPOCH=86400", "CFLAGS=-O2 -g", "DESTDIR="]) {
      expect(`\n${told.replaceAll("fetched", "")}`).toContain(`\n${line}\n`);
    }
    expect(baked.builds).toEqual([{ kind: "flix", from: `oci:${IMAGE}`, network: "a test" }]);
  });

  it("that fails ends the bake with its last words, and leaves nothing", async () => {
    await using workplace = await Workplace.open();
    await expect(bakeWith(workplace, { script: "echo no compiler here >&2; exit 3" })).rejects.toMatchObject({
      message: "sh failed in the tree: exit code 3",
      details: { output: "no compiler here" },
    });
    expect(await readdir(workplace.path)).toEqual(["tool"]);
    expect(await leftOver()).toEqual([]);
  });
});

it("its bytes, its variables and its network are inputs of the image, and the plan shows it", async () => {
  await using workplace = await Workplace.open();
  const one = (await plan(workplace, { script: "true" })).plan;
  expect(describePlan(one)).toMatch(
    /^build +flix out of oci:registry\.example\/box@sha256:1{64}\n +after build\.sh\n +without network\n +\/usr\/bin\/tool\n/m,
  );
  const network = unverified("a test");
  const others = [
    (await plan(workplace, { script: "false" })).plan,
    (await plan(workplace, { script: "true", options: { env: { CFLAGS: "-O2" } } })).plan,
    (await plan(workplace, { script: "true", options: { network } })).plan,
  ];
  expect(describePlan(others[1] ?? one)).toMatch(/^ +CFLAGS=-O2$/m);
  expect(describePlan(others[2] ?? one)).toMatch(/^ +with network: a test$/m);
  const digests = [one, ...others].map((each) => inputsDigest(each, {}, []));
  expect(new Set(digests).size).toBe(4);
  const again = (await plan(workplace, { script: "true" })).plan;
  expect(inputsDigest(again, {}, [])).toBe(digests[0]);
});

it("is there where the extension is built a second time, as are the keys that downloads are held against", async () => {
  await using workplace = await Workplace.open();
  const { publicKey } = await generateKey({ userIDs: [{ name: "Upstream" }], format: "armored" });
  await mkdir(workplace.file("_keys"));
  await writeFile(workplace.file("_keys/upstream.asc"), publicKey);
  await writeFile(workplace.file("_keys/other.asc"), publicKey);
  const signed: Download = { ...SOURCES, verify: signedBy("upstream", "https://upstream.example/tool.sig") };
  const { extension, plan: planned } = await plan(workplace, { script: "true", downloads: [signed] });
  const elsewhere = workplace.file("elsewhere");
  await plantElsewhere(extension, planned, elsewhere);
  expect(await readFile(join(elsewhere, "tool/build.sh"), "utf8")).toBe("set -eu\ntrue\n");
  expect(await readdir(join(elsewhere, "_keys"))).toEqual(["upstream.asc"]);
  expect(await readFile(join(elsewhere, "_keys/upstream.asc"), "utf8")).toBe(publicKey);
});
