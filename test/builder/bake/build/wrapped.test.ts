/** Recipes that take programs out of Debian's packages: what is shipped of them, what is said of it, and when anew. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "../../../../builder/system/run.ts";
import { parseReleaseManifest } from "../../../../schema/index.ts";
import { Workplace } from "../../../support/bakery.ts";
import { describeWhere, lackForClients } from "../../../support/requirements.ts";
import { plant } from "../../planted.ts";
import { SUITE, TinyArchive } from "../../rootfs/tiny-archive.ts";

const TREE = `r.debianRootfs({ suite: "${SUITE}", packages: ["tool"] })`;
const FLIX = `build: () => [r.flix(${TREE}, ["/usr/bin/cat"])], provides: ["usr/bin/cat"]`;
const FLATWRAP = `build: () => [r.flatwrap(${TREE}, ["/usr/bin/cat"], { etc: "chroot" })], provides: ["usr/bin/cat"]`;

describeWhere(lackForClients(), "a recipe that builds with Debian's packages", () => {
  let archive: TinyArchive;
  beforeAll(async () => {
    const tool = { name: "tool", architecture: "amd64", programs: ["cat"], files: { "etc/tool.conf": "its own" } };
    archive = await TinyArchive.open([tool]);
  });
  afterAll(() => archive[Symbol.asyncDispose]());

  async function open(fields: string) {
    const workplace = await Workplace.open();
    const env = {
      BAKERY_EXTENSIONS: await plant(workplace, fields),
      DEBIAN_ARCHIVE: archive.url,
      DEBIAN_KEYRING: archive.keyring,
    };
    const bakery = (...args: string[]) => workplace.run(args, env);
    const baked = async (...options: string[]) => {
      const { stderr, exitCode } = await bakery("create", "planted", "1.0.0", ...options);
      expect({ stderr, exitCode }).toMatchObject({ exitCode: 0 });
      const root = workplace.file("root");
      await rm(root, { recursive: true, force: true });
      await run("unsquashfs", ["-quiet", "-no-progress", "-dest", root, workplace.file("planted.raw")]);
      return { root, stderr };
    };
    const manifest = async () => parseReleaseManifest(await readFile(workplace.file("planted.release.json"), "utf8"));
    return { bakery, baked, manifest, [Symbol.asyncDispose]: () => workplace[Symbol.asyncDispose]() };
  }

  it("with flix ships the program with its loader and libraries, and says of which package they are", async () => {
    await using at = await open(FLIX);
    const { root } = await at.baked();
    const interpreter = await run("patchelf", ["--print-interpreter", join(root, "usr/bin/cat")]);
    expect(interpreter).toMatch(/^\/usr\/local\/planted\/ld-linux/);
    expect(await run("ls", [join(root, "usr/local/planted")])).toMatch(/^ld-linux.*\nlibc\.so\.6\n$/);
    const { provenance } = await at.manifest();
    expect(provenance.builds).toEqual([{ kind: "flix", from: "debian:tiny" }]);
    expect(provenance.downloads).toEqual([
      {
        url: "deb:tool_1.0-1_amd64",
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        size: expect.any(Number),
        verifiedBy: "apt-archive",
      },
    ]);
  });

  it("with flatwrap ships the whole tree, and a wrapper that enters it", async () => {
    await using at = await open(FLATWRAP);
    const { root } = await at.baked();
    expect(await readFile(join(root, "usr/bin/cat"), "utf8")).toMatch(/^#!\/bin\/sh\n/);
    expect(await readFile(join(root, "usr/local/planted/etc/tool.conf"), "utf8")).toBe("its own");
  });

  it("is not baked again as long as the archive has the same packages, and from what is kept without it", async () => {
    await using at = await open(FLIX);
    await at.baked();
    const { images } = await at.manifest();
    expect((await at.baked()).stderr).toContain("unchanged");
    const asked = archive.asked.length;
    await at.baked("--offline", "--epoch", "1");
    expect(archive.asked.length).toBe(asked);
    expect((await at.manifest()).images).not.toEqual(images);
  });

  it("is planned without asking anybody, and with --resolve down to each package", async () => {
    await using at = await open(FLIX);
    const asked = archive.asked.length;
    const plan = await at.bakery("plan", "planted", "1.0.0");
    expect(archive.asked.length).toBe(asked);
    expect(plan.stdout).toMatch(/^build +flix out of debian:tiny with tool\n +\/usr\/bin\/cat$/m);
    expect(plan.stdout).not.toMatch(/^inputs/m);
    const resolved = await at.bakery("plan", "planted", "1.0.0", "--resolve");
    expect(resolved.stdout).toMatch(/^from +deb:tool_1\.0-1_amd64 [0-9a-f]{16}$/m);
    expect(resolved.stdout).toMatch(/^inputs +[0-9a-f]{64}$/m);
  });

  it("gives the same image under other circumstances", async () => {
    await using at = await open(FLATWRAP);
    const { exitCode, stdout, stderr } = await at.bakery("verify-reproducible", "planted", "1.0.0");
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toMatch(/^varied .*umask/m);
  });

  it("fails for what is not in the archive or in the tree, with nothing left over", async () => {
    await using missing = await open(FLIX.replace('"tool"', '"tol"'));
    expect(await missing.bakery("create", "planted", "1.0.0")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("error: there is no package tol"),
    });
    await using absent = await open(FLIX.replace('["/usr/bin/cat"])]', '["/usr/bin/dog"])]'));
    expect(await absent.bakery("create", "planted", "1.0.0")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("/usr/bin/dog"),
    });
  });
});
