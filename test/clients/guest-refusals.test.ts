/** What `./bakery test` refuses before it starts a guest, and what it says where none can be started. */
import { mkdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { bakeRelease } from "../../builder/bake/bake-release.ts";
import { kitchenFrom } from "../../builder/bake/kitchen.ts";
import { Catalog } from "../../builder/catalog.ts";
import { machineArch } from "../../builder/guest/machine-arch.ts";
import { nspawnRunner } from "../../builder/guest/nspawn.ts";
import { chooseRunner } from "../../builder/guest/runners.ts";
import { FIXTURES, Workplace } from "../support/bakery.ts";
import { execute } from "../support/execute.ts";
import { bakeIn } from "../support/guest-images.ts";
import { mergingUnavailable } from "../support/merged.ts";
import { describeWhere } from "../support/requirements.ts";

const OTHER_ARCH = machineArch() === "arm64" ? "x86-64" : "arm64";

let workplace: Workplace;
beforeAll(async () => {
  workplace = await Workplace.open();
  await bakeIn(workplace, FIXTURES, "greeter");
});
afterAll(() => workplace[Symbol.asyncDispose]());
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const test = (...args: string[]) => workplace.run(["test", ...args], { BAKERY_EXTENSIONS: FIXTURES });

describe("is refused, with what to do", () => {
  it.each([
    ["no such file", ["nowhere.raw"], 2, "no such image: nowhere.raw"],
    ["no operand", [], 2, "missing required argument 'image'"],
    ["a timeout that is none", ["greeter.raw", "--timeout", "0"], 2, "a whole number, 1 or more"],
    ["a runner that is none", ["greeter.raw", "--runner", "docker"], 2, "Allowed choices are"],
    ["an empty command", ["greeter.raw", "--smoke", " "], 2, "a command"],
  ])("%s", async (_, args, code, problem) => {
    const { exitCode, stdout, stderr } = await test(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
    expect(stderr).toContain(problem);
  });

  it("a text that is no image", async () => {
    await writeFile(workplace.file("text.raw"), "#!/bin/sh\n");
    const { exitCode, stderr } = await test("text.raw");
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("text.raw is no image"),
    });
  });

  it("an image that is cut short", async () => {
    await writeFile(workplace.file("cut.raw"), await readFile(workplace.file("greeter.raw")));
    await truncate(workplace.file("cut.raw"), 200);
    const { exitCode, stderr } = await test("cut.raw");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/cut\.raw is cut short\n.*\nhint: get it again/s);
  });

  it("an image with damaged bytes", async () => {
    const bytes = await readFile(workplace.file("greeter.raw"));
    await writeFile(workplace.file("damaged.raw"), bytes.fill(0xff, 100, bytes.length - 100));
    const { exitCode, stderr } = await test("damaged.raw");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/damaged\.raw is damaged, or no image that a host could mount\n/);
  });

  it("an image whose metadata has another name than its file", async () => {
    await mkdir(workplace.file("alone"), { recursive: true });
    await writeFile(workplace.file("alone/other.raw"), await readFile(workplace.file("greeter.raw")));
    const { exitCode, stderr } = await test("alone/other.raw");
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`
error: alone/other.raw has the metadata of another extension
  file name  other
  metadata   greeter
hint: systemd-sysext would not merge it: call it greeter.raw, or bake it as other
`);
  });

  it("an image for another architecture", async () => {
    await using elsewhere = await Workplace.open();
    await bakeIn(elsewhere, FIXTURES, "greeter", "--arch", OTHER_ARCH);
    const { exitCode, stderr } = await elsewhere.run(["test", "greeter.raw"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error: greeter.raw is for ${OTHER_ARCH}, and this machine is ${machineArch()}\nhint: `);
  });

  it("a release that is not all there, or not what its manifest says", async () => {
    const release = workplace.file("release");
    await mkdir(release);
    expect(await test("release")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("no release manifest"),
    });
    const circumstances = { builtAt: new Date() };
    const request = { version: "1.0.0", hosting: { bakeryUrl: "https://bakery.example" }, circumstances };
    await bakeRelease(await new Catalog(FIXTURES).load("greeter"), request, release, kitchenFrom({}));
    await writeFile(workplace.file("release/greeter.conf"), "[Source]\n");
    expect(await test("release")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("greeter.conf is not what the release manifest says"),
    });
    await rm(workplace.file("release/greeter.conf"));
    expect(await test("release")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("the release lacks greeter.conf"),
    });
  });

  it("an image whose transfer file is not its release's", async () => {
    await rename(workplace.file("greeter.conf"), workplace.file("kept"));
    await writeFile(workplace.file("greeter.conf"), "[Source]\n");
    const { exitCode, stderr } = await test("greeter.raw");
    await rename(workplace.file("kept"), workplace.file("greeter.conf"));
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("greeter.conf is not what the release manifest says"),
    });
  });
});

describe("says why no guest can be started", () => {
  it("without root", async () => {
    vi.spyOn(process, "getuid").mockReturnValue(1000);
    const { exitCode, stderr } = await test("greeter.raw", "--runner", "nspawn");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/error: no guest can be started here\n {2}systemd-nspawn {2}it needs root\nhint: /);
  });

  it("with the reason of each of them, and takes the first that can", async () => {
    const made = (name: string, reason?: string) => () => ({
      ...nspawnRunner(),
      name,
      unavailable: async () => reason,
    });
    const NOWHERE = { cache: "", env: {} };
    const runners = { one: made("one", "it is tired"), two: made("two", "it is away") };
    await expect(chooseRunner("auto", NOWHERE, runners)).rejects.toMatchObject({
      details: { one: "it is tired", two: "it is away" },
    });
    await expect(chooseRunner("two", NOWHERE, runners)).rejects.toMatchObject({ details: { two: "it is away" } });
    expect((await chooseRunner("auto", NOWHERE, { ...runners, three: made("three") })).name).toBe("three");
  });
});

describeWhere(await mergingUnavailable(), "says why systemd-nspawn cannot be used", () => {
  const SCRIPT = `import { nspawnRunner } from ${JSON.stringify(import.meta.resolve("../../builder/guest/nspawn.ts"))};
console.log(await nspawnRunner().unavailable());`;
  const node = [process.execPath, "--input-type=module", "-e", SCRIPT];

  it.each([
    [
      "where it is not installed",
      ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /usr/bin && exec "$@"', "EMPTY", ...node],
      /^systemd-nspawn is not installed: install Debian's package systemd-container$/m,
    ],
    [
      "where there are no loop devices",
      [
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount -t tmpfs dev /dev && mknod /dev/null c 1 3 && exec "$@"',
        "sh",
        ...node,
      ],
      /^it needs loop devices: ENOENT/m,
    ],
    [
      "where nothing may be mounted",
      ["setpriv", "--bounding-set", "-sys_admin", ...node],
      /^it needs the right to mount: unshare: .*not permitted/m,
    ],
  ])("%s", async (_, command, reason) => {
    const empty = workplace.file("empty");
    await mkdir(empty, { recursive: true });
    const [program = "", ...args] = command.map((word) => (word === "EMPTY" ? empty : word));
    const { stdout, stderr } = await execute(program, args);
    expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(reason), stderr: "" });
  });
});
