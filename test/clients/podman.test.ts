/** A recipe's script in a container of the real podman: what comes of it is what comes of it in a tree of our own. */
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { run } from "../../builder/system/run.ts";
import { plant } from "../builder/planted.ts";
import { isRunning } from "../builder/rootfs/entering.ts";
import { Workplace } from "../support/bakery.ts";
import { exists, unpackDebian } from "../support/debian.ts";
import { ociImage } from "../support/oci-image.ts";
import { lackForPodman, Podman } from "../support/podman.ts";
import { Registry } from "../support/registry.ts";
import { describeWhere } from "../support/requirements.ts";
import { entry, link } from "../support/tar-archive.ts";

const CLI = fileURLToPath(new URL("../../builder/cli.ts", import.meta.url));
const BUSYBOX = fileURLToPath(new URL("../../.cache/busybox", import.meta.url));
/** For what ends in a second where nobody else is at work. */
const PATIENCE_MS = 30_000;
const APPLETS = ["sh", "mkdir", "env", "sort", "grep", "sleep", "id", "hostname"];

describeWhere(await lackForPodman(), "a recipe's script, with podman", () => {
  let registry: Registry;
  let podman: Podman;
  let workplace: Workplace;
  let image: string;

  beforeAll(async () => {
    if (!(await exists(BUSYBOX))) await unpackDebian(BUSYBOX, { suite: "bookworm", packages: ["busybox-static"] });
    const busybox = await readFile(join(BUSYBOX, "bin/busybox"));
    const files = [
      entry({ path: "bin/", type: "Directory", mode: 0o755 }),
      entry({ path: "bin/busybox", mode: 0o755 }, busybox),
      ...APPLETS.map((name) => link(`bin/${name}`, "busybox")),
      entry({ path: "opt/tool", mode: 0o755 }, "#!/bin/sh\necho $TOOL_HOME\n"),
    ];
    // As images are that were made to be run, and not to build in.
    const config = {
      ...{ Entrypoint: ["/bin/false"], User: "1000", WorkingDir: "/opt" },
      Env: ["PATH=/opt:/bin", "TOOL_HOME=/a b"],
    };
    const box = ociImage({ layers: [files], config });
    registry = await Registry.open();
    await registry.push(box, "box:1");
    image = `${registry.host}/box@${box.top.digest}`;
    podman = await Podman.open(registry.host);
  });
  afterAll(async () => {
    await podman[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    workplace = await Workplace.open();
    vi.stubEnv("PATH", podman.path);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await workplace[Symbol.asyncDispose]();
  });

  /** @returns the environment to bake it in */
  async function planted(script: string, engine = "podman"): Promise<Record<string, string>> {
    const build = `r.container(r.ociRootfs("${image}"), { script: "build.sh" })`;
    const folder = await plant(workplace, `build: () => [${build}], provides: ["usr/bin/x"]`);
    await writeFile(join(folder, "planted/build.sh"), `set -eu\nmkdir -p "$DESTDIR/usr/bin"\n${script}\n`);
    return { BAKERY_EXTENSIONS: folder, BAKERY_CONTAINERS: engine };
  }
  const create = (env: Record<string, string>, ...options: string[]) =>
    workplace.run(["create", "planted", "1.0.0", ...options], env);
  const containers = async () => (await podman.podman("ps", "--all", "--quiet")).stdout;

  it("is given what it is given in a tree, whatever the image was made for, and makes the same image", async () => {
    // Two variables that engines add.
    const script = `{ env | grep -vE '^(container|HOSTNAME)=' | sort; tool; id -u; hostname; } > "$DESTDIR/usr/bin/x"`;
    const images: Buffer[] = [];
    for (const engine of ["podman", "none"]) {
      const { exitCode, stderr } = await create(await planted(script, engine), "--output-file", engine);
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      images.push(await readFile(workplace.file(`${engine}.raw`)));
    }
    const made = await run("unsquashfs", ["-cat", workplace.file("podman.raw"), "usr/bin/x"]);
    expect(made.split("\n")).toEqual(expect.arrayContaining(["PATH=/opt:/bin", "TOOL_HOME=/a b", "HOME=/root"]));
    expect(made).toContain("\n/a b\n0\nbakery\n");
    expect(made).toBe(await run("unsquashfs", ["-cat", workplace.file("none.raw"), "usr/bin/x"]));
    expect(images[0]?.equals(images[1] ?? Buffer.of())).toBe(true);
    expect(await containers()).toBe("");
  });

  it("that fails, ends the bake with its last words", async () => {
    const ran = await create(await planted("echo no compiler here >&2; exit 3"));
    expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("podman failed: exit code 3") });
    expect(ran.stderr).toContain("no compiler here");
    expect(await containers()).toBe("");
  });

  it("asks no registry offline: it has its image, or it does not", async () => {
    const env = await planted(`echo made > "$DESTDIR/usr/bin/x"`);
    expect(await create(env)).toMatchObject({ exitCode: 0 });
    expect(await create(env, "--offline", "--epoch", "1")).toMatchObject({ exitCode: 0 });
    await podman.podman("rmi", "--all", "--force");
    const { exitCode, stderr } = await create(env, "--offline", "--epoch", "2");
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("image not known") });
    expect((await podman.podman("images", "--quiet")).stdout).toBe("");
  });

  it.each(["SIGINT", "SIGTERM"] as const)("is ended by %s with the bake, whatever it heeds", async (signal) => {
    const mark = `76${process.pid}`;
    const env = await planted(`trap '' HUP INT TERM\nsleep ${mark} & sleep ${mark}`);
    const temporary = workplace.file("tmp");
    await mkdir(temporary);
    const child = spawn(process.execPath, [CLI, "create", "planted", "1.0.0"], {
      cwd: workplace.path,
      env: { ...process.env, ...env, BAKERY_CACHE: workplace.cache, TMPDIR: temporary },
      stdio: "ignore",
    });
    const exited = new Promise((resolve) => child.on("exit", resolve));
    try {
      await vi.waitUntil(() => isRunning("sleep", mark), { timeout: 30_000 });
      child.kill(signal);
      expect(await Promise.race([exited, sleep(PATIENCE_MS, "not ended")])).toBe(130);
    } finally {
      child.kill("SIGKILL");
    }
    expect(await isRunning("sleep", mark)).toBe(false);
    expect([await containers(), await readdir(temporary)]).toEqual(["", []]);
  });
});
