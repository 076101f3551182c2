/** `./bakery rootfs`, and a recipe's container out of a real registry: from an image's name to a program that it made. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "../../../builder/system/run.ts";
import { parseReleaseManifest } from "../../../schema/index.ts";
import { Workplace } from "../../support/bakery.ts";
import { exists, unpackDebian } from "../../support/debian.ts";
import { type OciImage, ociImage } from "../../support/oci-image.ts";
import { Registry } from "../../support/registry.ts";
import { describeWhere, lackForClients } from "../../support/requirements.ts";
import { entry, link } from "../../support/tar-archive.ts";
import { plant } from "../planted.ts";
import { SUITE, TinyArchive } from "./tiny-archive.ts";

const BUSYBOX = fileURLToPath(new URL("../../../.cache/busybox", import.meta.url));
const APPLETS = ["sh", "mkdir", "cat", "chmod", "echo", "false"];

describeWhere(lackForClients(), "a distribution's tree", () => {
  let registry: Registry;
  let archive: TinyArchive;
  let image: OciImage;
  let env: Record<string, string>;

  beforeAll(async () => {
    if (!(await exists(BUSYBOX))) await unpackDebian(BUSYBOX, { suite: "bookworm", packages: ["busybox-static"] });
    const busybox = await readFile(join(BUSYBOX, "bin/busybox"));
    image = ociImage({
      layers: [
        [entry({ path: "bin/", type: "Directory", mode: 0o755 }), entry({ path: "bin/busybox", mode: 0o755 }, busybox)],
        APPLETS.map((name) => link(`bin/${name}`, "busybox")),
      ],
      compression: ["gzip", "zstd"],
    });
    registry = await Registry.open();
    await registry.push(image, "box:1.0");
    archive = await TinyArchive.open([{ name: "tool", files: { "usr/bin/tool": "a tool" } }]);
    env = { BAKERY_CONTAINERS: "none", DEBIAN_ARCHIVE: archive.url, DEBIAN_KEYRING: archive.keyring };
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await archive[Symbol.asyncDispose]();
  });

  it("is made of an image, and a script runs in it", async () => {
    await using workplace = await Workplace.open();
    const name = `${registry.host}/box:1.0`;
    const script = "echo made > /made; cat /made";
    const { exitCode, stdout, stderr } = await workplace.run(["rootfs", "tree", "--image", name, "--run", script], env);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "tree\n" });
    expect(stderr).toContain("made\n");
    expect(await readdir(workplace.file("tree"))).toEqual(["bin", "made"]);
  });

  it("is made of Debian's packages, which --json names with their digests", async () => {
    await using workplace = await Workplace.open();
    const args = ["rootfs", "tree", "--debian", SUITE, "--package", "tool", "--arch", "arm64", "--json"];
    const { exitCode, stdout } = await workplace.run(args, env);
    expect(exitCode).toBe(0);
    const [package_] = JSON.parse(stdout).downloads;
    expect(package_).toMatchObject({ url: "deb:tool_1.0-1_all", verifiedBy: "apt-archive" });
    expect(await readFile(workplace.file("tree/usr/bin/tool"), "utf8")).toBe("a tool");
  });

  it.each([
    [["--debian", SUITE, "--image", "box"], 2, "name either --debian or --image"],
    [[], 2, "name either --debian or --image"],
    [["--image", "box", "--package", "tool"], 2, "--package goes with --debian"],
    [["--debian", SUITE, "--package", "tol"], 1, "there is no package tol"],
    [["--image", "HOST/box:2.0"], 1, "box:2.0"],
    [["--image", "HOST/box:1.0", "--arch", "arm64"], 1, "arm64"],
    [["--image", "HOST/box:1.0", "--run", "false"], 1, "sh failed in the tree: exit code 1"],
  ])("is not made with %j, and nothing is left", async (options, exitCode, message) => {
    await using workplace = await Workplace.open();
    const args = options.map((one) => one.replace("HOST", registry.host));
    const ran = await workplace.run(["rootfs", "tree", ...args], env);
    expect(ran).toMatchObject({ exitCode, stderr: expect.stringContaining(message) });
    expect(await readdir(workplace.path)).toEqual([]);
  });

  it("is what a recipe's script builds in, named by its digest, without a network once it is kept", async () => {
    await using workplace = await Workplace.open();
    const pinned = `${registry.host}/box@${image.top.digest}`;
    const folder = await plant(
      workplace,
      `build: () => [r.container(r.ociRootfs("${pinned}"), { script: "build.sh" })], provides: ["usr/bin/x"]`,
    );
    await run("sh", [
      "-c",
      'printf \'mkdir -p "$DESTDIR/usr/bin"; echo "$VERSION" > "$DESTDIR/usr/bin/x"\' > "$0"',
      join(folder, "planted/build.sh"),
    ]);
    const create = (...options: string[]) =>
      workplace.run(["create", "planted", "1.0.0", ...options], { ...env, BAKERY_EXTENSIONS: folder });
    expect(await create()).toMatchObject({ exitCode: 0 });
    expect(await run("unsquashfs", ["-cat", workplace.file("planted.raw"), "usr/bin/x"])).toBe("1.0.0\n");

    const { provenance } = parseReleaseManifest(await readFile(workplace.file("planted.release.json"), "utf8"));
    expect(provenance.builds).toEqual([{ kind: "container", from: `oci:${pinned}` }]);
    const digests = [image.top, ...image.layers].map(({ digest }) => digest.replace("sha256:", ""));
    expect(provenance.downloads.map(({ sha256 }) => sha256)).toEqual(expect.arrayContaining(digests));
    expect(new Set(provenance.downloads.map(({ verifiedBy }) => verifiedBy))).toEqual(new Set(["oci-digest"]));

    await registry[Symbol.asyncDispose]();
    expect(await create("--offline", "--epoch", "1")).toMatchObject({ exitCode: 0 });
  });
});
