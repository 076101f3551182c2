/** What cannot be booted is told before anything is made or downloaded, with a word of what to do. */
import { readdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkQemu } from "../../../builder/guest/qemu/process.ts";
import { FIXTURES, Workplace } from "../../support/bakery.ts";
import { listening } from "../../support/ports.ts";
import { describeWhere, lackForClients } from "../../support/requirements.ts";

/** Nobody is there: no internet. */
const OFFLINE = { BAKERY_MIRROR: "http://127.0.0.1:9" };

let workplace: Workplace;
beforeAll(async () => {
  workplace = await Workplace.open();
  const create = (...options: string[]) =>
    workplace.run(["create", "greeter", "1.0.0", ...options], { BAKERY_EXTENSIONS: FIXTURES });
  await create("--output-file", "greeter");
  await create("--output-file", "arm", "--arch", "arm64");
  await create("--output-file", "flatcars", "--os", "flatcar");
  await create("--output-file", "other-file");
  await writeFile(workplace.file("text.raw"), "no image\n".repeat(100));
  await writeFile(workplace.file("node.bu"), "variant: flatcar\nversion: 1.0.0\n");
  await writeFile(workplace.file("broken.ign"), "{");
  await writeFile(workplace.file("old.json"), '{ "ignition": { "version": "2.3.0" } }');
  await writeFile(workplace.file("good.ign"), '{ "ignition": { "version": "3.3.0" } }');
});
afterAll(() => workplace[Symbol.asyncDispose]());

const boot = (...args: string[]) => workplace.run(["boot", ...args], OFFLINE);
const debian = (...args: string[]) => boot("--os", "debian", ...args);

describe("ports", () => {
  it.each([
    ["80", 'no pair of ports: "80"\nhint: --ports 8080:80,2222:22'],
    ["8080:80,", 'no pair of ports: ""'],
    ["8080:http", 'no pair of ports: "8080:http"'],
    ["8080:80:80", 'no pair of ports: "8080:80:80"'],
    ["127.0.0.1:8080:80", "no pair of ports"],
    ["0:80", "no port: 0"],
    ["8080:65536", "no port: 65536\nhint: ports are 1 to 65535"],
    ["8080:80,8080:81", "port 8080 of this machine is in --ports twice"],
  ])("that are %j are refused", async (ports, problem) => {
    const { exitCode, stderr } = await debian("greeter.raw", "--ports", ports);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(problem);
  });
});

describe("options", () => {
  it.each([
    [["--arch", "riscv64"], "allowed: x86-64, amd64, arm64"],
    [["--os", "fedora"], "Allowed choices are flatcar, debian"],
    [["--memory", "100"], "MiB, 512 or more"],
    [["--memory", "2G"], "MiB, 512 or more"],
  ])("%j are refused", async (options, problem) => {
    const { exitCode, stderr } = await boot("greeter.raw", ...options);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(problem);
  });

  it("name an image at the least", async () => {
    expect(await boot()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("missing required argument") });
  });
});

describe("a configuration", () => {
  it.each([
    [["nowhere.bu"], 2, "no such file: nowhere.bu"],
    [["broken.ign"], 1, "broken.ign is no JSON"],
    [["old.json"], 1, "old.json is no Ignition configuration of version 3"],
    [["good.ign", "--os", "debian"], 1, "Debian is not configured by Ignition\nhint: --butane needs Flatcar"],
  ])("%j is refused", async (options, code, problem) => {
    const { exitCode, stderr } = await boot("greeter.raw", "--butane", ...options);
    expect(stderr).toContain(problem);
    expect(exitCode).toBe(code);
  });

  it("in Butane needs butane, and its own word of what is wrong is passed on", async () => {
    const bin = workplace.file("bin");
    vi.stubEnv("PATH", bin);
    const without = await boot("greeter.raw", "--butane", "node.bu");
    vi.unstubAllEnvs();
    expect(without).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^error: butane is not installed\nhint: /),
    });
  });
});

const lack = await checkQemu({ arch: "x86-64" }).then(lackForClients, (error: Error) => error.message);
describeWhere(lack, "an image", () => {
  it.each([
    ["nowhere.raw", 2, "no such image: nowhere.raw"],
    ["text.raw", 1, "text.raw is no image"],
    ["arm.raw", 1, "arm.raw is for arm64, and the machine is x86-64\nhint: "],
    ["flatcars.raw", 1, "flatcars.raw is for ID=flatcar, and the machine runs debian\nhint: try --os flatcar"],
  ])("%s is refused", async (image, code, problem) => {
    const { exitCode, stderr } = await debian(image);
    expect(stderr).toContain(problem);
    expect(exitCode).toBe(code);
  });

  it("of an extension that another one is of, too, is refused, whatever their files are called", async () => {
    const { exitCode, stderr } = await debian("greeter.raw", "other-file.raw");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("two images of one extension: greeter\n  images  greeter.raw, other-file.raw\n");
  });

  it("is not looked at where a port is in use", async () => {
    const { server, port } = await listening();
    const ran = await debian("nowhere.raw", "--ports", `${port}:80`);
    server.close();
    expect(ran).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`port ${port} of this machine is in use`),
    });
  });

  it("is not looked at where Flatcar is wanted and cannot be had; else it is Debian, and that is said", async () => {
    const wanted = await boot("nowhere.raw", "--os", "flatcar");
    expect(wanted).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("127.0.0.1:9/alpha.release.flatcar-linux.net"),
    });
    const { exitCode, stderr } = await boot("nowhere.raw");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("Flatcar cannot be had here, so it is Debian: ");
  });
});

it("an architecture without Debian is told so", async () => {
  vi.stubEnv("PATH", `${await fakeQemu()}:${process.env.PATH}`);
  const ran = await debian("greeter.raw", "--arch", "arm64");
  vi.unstubAllEnvs();
  expect(ran).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("there is no Debian for arm64 here\nhint: "),
  });
});

it.each([
  ["amd64", "qemu-system-x86_64", "qemu-system-x86"],
  ["arm64", "qemu-system-aarch64", "qemu-system-arm"],
])("a qemu for %s that is not there is named, with its package", async (arch, program, name) => {
  vi.stubEnv("PATH", workplace.file("nothing"));
  const { exitCode, stderr } = await boot("greeter.raw", "--arch", arch);
  vi.unstubAllEnvs();
  expect(exitCode).toBe(1);
  expect(stderr).toBe(`error: ${program} is not installed\nhint: install Debian's package ${name}\n`);
});

it("nothing of all this is left", async () => {
  const names = (await readdir(workplace.path)).filter(
    (name) => !/^(?:greeter|arm|flatcars|other-file)\.|^SHA256SUMS/.test(name),
  );
  expect(names.sort()).toEqual(["bin-qemu", "broken.ign", "good.ign", "node.bu", "old.json", "text.raw"]);
});

async function fakeQemu(): Promise<string> {
  const { mkdir } = await import("node:fs/promises");
  const bin = workplace.file("bin-qemu");
  await mkdir(bin);
  await writeFile(`${bin}/qemu-system-aarch64`, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
  return bin;
}
