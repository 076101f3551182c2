/** The command line as a whole: what goes to stdout, what to stderr, and what a terminal gets. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { main } from "../../builder/cli.ts";
import { FIXTURES, Workplace } from "../support/bakery.ts";
import { sha256 } from "../support/sha256.ts";
import { FakeGitHub } from "../support/upstreams/github.ts";
import { Mirror } from "../support/upstreams/mirror.ts";

const PROGRAM = "docker-compose-linux-x86_64";
const ESC = "\x1b";

afterEach(() => vi.unstubAllEnvs());

describe("on a terminal", () => {
  async function create(...options: string[]) {
    await using workplace = await Workplace.open();
    const github = new FakeGitHub();
    const content = "x".repeat(30);
    const assets = { [PROGRAM]: content, "checksums.txt": `${sha256(content)} *${PROGRAM}\n` };
    github.publish("docker/compose", { tag: "v1.0.0", assets });
    await using mirror = await Mirror.open(github.hosts);
    const object = `objects.githubusercontent.com/docker/compose/v1.0.0/${PROGRAM}`;
    mirror.fail(object, "cut", "slow");

    const written = { stdout: "", stderr: "" };
    const screen = (name: "stdout" | "stderr") => ({
      isTTY: true,
      columns: 120,
      write: (text: string) => {
        written[name] += text;
      },
    });
    const env = { BAKERY_MIRROR: mirror.url, BAKERY_CACHE: workplace.cache };
    const args = ["create", "docker-compose", "1.0.0", ...options];
    const terminal = { stdout: screen("stdout"), stderr: screen("stderr"), env, cwd: workplace.path };
    const exitCode = await main(args, terminal);
    return { exitCode, ...written, image: workplace.file("docker-compose.raw") };
  }

  it("a download has one bar with bytes, rate and time left, also in its second try; stdout has the result alone", async () => {
    const { exitCode, stdout, stderr } = await create();
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "docker-compose.raw\n" });
    expect(stderr).toMatch(/█░* \d+ B of 30 B, \d+ B\/s, \d+ s left/);
    const frames = stderr.split(`${ESC}[J`);
    expect(Math.max(...frames.map((frame) => frame.match(/ of 30 B/g)?.length ?? 0))).toBe(1);
    expect(frames.at(-1)).toMatch(/^• Packing squashfs/m);
  });

  it("--json gives JSON alone, without bars", async () => {
    const { stdout, stderr, image } = await create("--json");
    expect(JSON.parse(stdout)).toMatchObject({ image });
    expect(stderr).not.toContain(ESC);
    expect(stderr).toContain("• Fetching 1 download");
  });
});

describe("misuse", () => {
  it.each([
    [["create", "greeter", "1.0.0", "--sysupdate=maybe"], "allowed: true, false"],
    [["list", "--plain=1"], "allowed: true, false"],
    [["bake", "greeter"], "unknown command 'bake'"],
    [["publish", "greeter.release.json"], "required option '--to <place>' not specified"],
    [
      ["publish", "greeter.release.json", "--to", "https://bakery.example"],
      "no token for https://bakery.example\nhint: set BAKERY_TOKEN",
    ],
    [["publish", "greeter.release.json", "--to", "http://bakery.example"], "http://bakery.example is not https"],
    [["publish", "greeter.release.json", "--to", "ftp://bakery.example"], "no bakery's URL: ftp://bakery.example"],
  ])("%j exits with 2 and says what is allowed", async (args, problem) => {
    await using workplace = await Workplace.open();
    const { exitCode, stderr, stdout } = await workplace.run(args, { BAKERY_EXTENSIONS: FIXTURES });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(problem);
  });
});

describe("where files go", () => {
  it.each([
    ["out/", "out/greeter.raw"],
    ["out/x", "out/x.raw"],
    ["out/x.raw", "out/x.raw"],
    ["out/x.raw.raw", "out/x.raw.raw"],
  ])("--output-file %s is %s, and its companions lie beside it", async (given, path) => {
    await using workplace = await Workplace.open();
    await mkdir(workplace.file("out"));
    const args = ["create", "greeter", "1.0.0", "--output-file", given];
    const { stdout } = await workplace.run(args, { BAKERY_EXTENSIONS: FIXTURES });
    expect(stdout).toBe(`${path}\n`);
    expect(await readFile(workplace.file("out/SHA256SUMS.greeter"), "utf8")).toContain(`  ${path.slice(4)}\n`);
  });

  it("a TMPDIR that is not there is named, and not taken for the output's folder", async () => {
    await using workplace = await Workplace.open();
    vi.stubEnv("TMPDIR", workplace.file("nowhere"));
    const { exitCode, stderr } = await workplace.run(["create", "greeter", "1.0.0"], { BAKERY_EXTENSIONS: FIXTURES });
    vi.unstubAllEnvs();
    expect(exitCode).toBe(1);
    expect(stderr).toContain(workplace.file("nowhere"));
    expect(stderr).not.toContain("no such folder:");
  });

  it("a release manifest that is damaged is named, and nothing is written over it", async () => {
    await using workplace = await Workplace.open();
    await writeFile(workplace.file("greeter.release.json"), "{");
    const { exitCode, stderr } = await workplace.run(["create", "greeter", "1.0.0"], { BAKERY_EXTENSIONS: FIXTURES });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("error: invalid release manifest: not JSON");
    expect(stderr).toContain(workplace.file("greeter.release.json"));
    expect(await readFile(workplace.file("greeter.release.json"), "utf8")).toBe("{");
  });

  it("a mksquashfs that is not there is named, with what installs it", async () => {
    await using workplace = await Workplace.open();
    await mkdir(workplace.file("bin"));
    await writeFile(workplace.file("bin/git"), "#!/bin/sh\nexit 1\n");
    await chmod(workplace.file("bin/git"), 0o755);
    vi.stubEnv("PATH", workplace.file("bin"));
    const { exitCode, stderr } = await workplace.run(["create", "greeter", "1.0.0"], { BAKERY_EXTENSIONS: FIXTURES });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: mksquashfs is not installed\nhint: /);
  });
});
