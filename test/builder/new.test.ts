/** `./bakery new`: an extension that bakes as it is, whatever its words, or none at all. */
import { mkdirSync, readdirSync } from "node:fs";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import type * as Bakery from "../../builder/cli.ts";
import { RECORDED_PLANS } from "../../builder/new/recorded-plan.ts";
import { placeOf, scaffold } from "../../builder/new/scaffold.ts";
import { parseSpec } from "../../builder/new/spec.ts";
import { Workplace } from "../support/bakery.ts";
import { blocksOf } from "../support/documents/blocks.ts";
import { execute } from "../support/execute.ts";
import { sha256 } from "../support/sha256.ts";
import { FakeGitHub } from "../support/upstreams/github.ts";
import { Mirror } from "../support/upstreams/mirror.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Words that mean something in TypeScript, Markdown and unit files. */
const HARD = `It's "a" 100% */ \\ *b* [c](d) <e> | \`f\` $g`;
const LONG = `a${"-long".repeat(12)}`;
/** Nobody is there to be asked. */
const OFFLINE = { BAKERY_MIRROR: "http://127.0.0.1:9" };

/** A folder of recipes outside of the repository. */
async function elsewhere() {
  const workplace = await Workplace.open();
  const folder = workplace.file("mine");
  await mkdir(folder);
  const bakery = (args: readonly string[], env = {}) =>
    workplace.run(args, { ...OFFLINE, ...env, BAKERY_EXTENSIONS: folder });
  const made = async (...args: string[]): Promise<string[]> => {
    const { exitCode, stdout, stderr } = await bakery(["new", ...args, "--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    return (JSON.parse(stdout) as { files: string[] }).files.map((file) => relative(folder, file));
  };
  const read = (path: string) => readFile(join(folder, path), "utf8");
  return { workplace, folder, bakery, made, read, [Symbol.asyncDispose]: () => workplace[Symbol.asyncDispose]() };
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [relative(folder, join(entry.parentPath, entry.name))] : []));
}

describe("in a checkout", () => {
  /** Of what the builder, biome and tsc read; without extensions, whose names are anybody's. */
  async function checkout(workplace: Workplace, cwd = workplace.path) {
    const configuration = [
      "package.json",
      "biome.json",
      ".gitignore",
      "tsconfig.base.json",
      "extensions/tsconfig.json",
    ];
    const parts = ["builder", "schema", ...configuration];
    for (const part of parts) await cp(join(ROOT, part), join(cwd, part), { recursive: true });
    await mkdir(join(cwd, "test/fixtures/plans"), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(cwd, "node_modules"));
    const program = (name: string, ...args: string[]) => execute(join(ROOT, "node_modules/.bin", name), args, { cwd });
    // For folders that vitest cannot import from, and for two at once.
    const spawned = (env: NodeJS.ProcessEnv, ...args: string[]) =>
      execute(process.execPath, ["builder/cli.ts", ...args], { cwd, env: { ...OFFLINE, ...env } });
    // In this process, which is faster.
    const bakery = async (...args: string[]) => {
      const { main } = await (import(pathToFileURL(join(cwd, "builder/cli.ts")).href) as Promise<typeof Bakery>);
      return workplace.run(args, OFFLINE, main);
    };
    return { program, spawned, bakery };
  }

  it("it says what it wrote and what to try, as docs/add-an-extension.md shows it, and all of that works", async () => {
    await using workplace = await Workplace.open();
    const { bakery } = await checkout(workplace);
    const [shown] = await blocksOf("add-an-extension.md");
    for (const session of shown?.text.split(/^\$ \.\/bakery /m).slice(1) ?? []) {
      const [typed = "", ...lines] = session.split("\n");
      const words = [...typed.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted = word]) => quoted);
      const { exitCode, stdout, stderr } = await bakery(...words);
      expect({ exitCode, seen: stderr + stdout }).toEqual({ exitCode: 0, seen: `${lines.join("\n").trim()}\n` });
    }
    // As plan.test.ts does, which npm test would run.
    for (const arch of ["x86-64", "arm64"]) {
      const { stdout } = await bakery("plan", "hello", "1.0.0", "--arch", arch);
      const recorded = await readFile(workplace.file(`test/fixtures/plans/hello-1.0.0-${arch}.txt`), "utf8");
      expect(stdout.replace(/^inputs .*\n/m, "")).toBe(recorded);
    }
  });

  it("what it writes is formatted, without a finding of lint or types, also where lines get long", async () => {
    await using workplace = await Workplace.open();
    const { program, bakery } = await checkout(workplace);
    const repository = `${"o".repeat(39)}/${"r".repeat(100)}`;
    const made = await Promise.all([
      bakery("new", "hello"),
      bakery("new", "hard", "--service", "--description", HARD, "--homepage", "https://x.example/?a='b'\x24{c}%\\"),
      bakery(
        "new",
        LONG,
        "--service",
        "--description",
        "x".repeat(100),
        "--homepage",
        `https://x.example/`.padEnd(100, "x"),
      ),
      bakery("new", "wide", "--description", "\u6f22".repeat(33)),
      bakery("new", "single", "--description", "it's"),
      bakery("new", "double", "--description", 'a "b"'),
      bakery("new", "compose", "--github", "docker/compose"),
      bakery("new", `g${LONG}`, "--service", "--github", repository),
    ]);
    expect(made.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      made.map(() => ({ exitCode: 0, stderr: "" })),
    );
    const [biome, tsc] = await Promise.all([
      program("biome", "check", "--error-on-warnings", "extensions"),
      program("tsc", "--project", "extensions"),
    ]);
    expect(biome.exitCode, biome.stdout + biome.stderr).toBe(0);
    expect(tsc.exitCode, tsc.stdout.slice(0, 1000)).toBe(0);
  });

  it("of two at once one gets the name, and has all its files", async () => {
    await using workplace = await Workplace.open();
    const { spawned } = await checkout(workplace);
    const ran = await Promise.all(["one", "other"].map((text) => spawned({}, "new", "hello", "--description", text)));
    expect(ran.map(({ exitCode }) => exitCode).sort()).toEqual([0, 2]);
    expect(ran.find(({ exitCode }) => exitCode === 2)?.stderr).toContain("is there already");
    expect(await readdir(workplace.file("test/fixtures/plans"))).toHaveLength(2);
    expect((await readdir(workplace.file("extensions"))).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("that lies where no import leads as it is, a folder elsewhere gets recipes that load, be it a symlink", async () => {
    await using workplace = await Workplace.open();
    const { spawned } = await checkout(workplace, workplace.file("odd #1, 100%41?"));
    await mkdir(workplace.file("some/where"), { recursive: true });
    const env = { BAKERY_EXTENSIONS: workplace.file("mine") };
    await symlink("some/where", env.BAKERY_EXTENSIONS);
    expect(await spawned(env, "new", "hello")).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await spawned(env, "plan", "hello", "1.0.0")).stdout).toContain("extension  hello\n");
  });

  it("a plan that is on record already is not overwritten", async () => {
    await using workplace = await Workplace.open();
    const { bakery } = await checkout(workplace);
    const record = workplace.file("test/fixtures/plans/hello-1.0.0-arm64.txt");
    await writeFile(record, "old");
    expect((await bakery("new", "hello")).stderr).toContain(`error: ${record} is there already\nhint: `);
    expect(await readFile(record, "utf8")).toBe("old");
    expect(await readdir(workplace.file("extensions"))).not.toContain("hello");
  });
});

describe("elsewhere", () => {
  it("an extension is planned and baked at once; nothing is written into the repository", async () => {
    await using at = await elsewhere();
    const before = await readdir(RECORDED_PLANS);
    const files = await at.made("hello");
    expect(files).toEqual(["hello/recipe.ts", "hello/README.md", "hello/files/usr/bin/hello"]);
    expect((await filesBelow(at.folder)).sort()).toEqual(files.toSorted());
    expect(await readdir(RECORDED_PLANS)).toEqual(before);
    expect((await at.bakery(["new", "other"])).stdout).not.toContain("npm test");

    const { stdout } = await at.bakery(["create", "hello", "1.0.0", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ release: "hello-1.0.0", warnings: [] });
    expect(await execute(join(at.folder, "hello/files/usr/bin/hello"), [])).toEqual({
      exitCode: 0,
      stdout: "hello from hello\n",
      stderr: "",
    });
  });

  it("hard words mean themselves in the recipe, the README and the unit", async () => {
    await using at = await elsewhere();
    await at.made("hard", "--service", "--description", HARD, "--homepage", "https://x.example/it's(a)?b=%\\");
    const homepage = "https://x.example/it%27s%28a%29?b=%%5C";
    const listed = JSON.parse((await at.bakery(["list", "--json"])).stdout) as unknown;
    expect(listed).toEqual([{ name: "hard", description: HARD, homepage }]);
    expect(await at.read("hard/README.md")).toContain(
      `[hard](${homepage}): It's "a" 100% \\*/ \\\\ \\*b\\* \\[c\\]\\(d\\) \\<e\\> \\| \\\`f\\\` $g.\n`,
    );
    const unit = await at.read("hard/files/usr/lib/systemd/system/hard.service");
    expect(unit).toContain(`Description=${HARD.replace("%", "%%")}\n`);
    expect(unit).toContain(`Documentation=${homepage.replaceAll("%", "%%")}\n`);
  });

  it("a service is upheld, and systemd has nothing to say against its unit", async () => {
    await using at = await elsewhere();
    expect(await at.made("greet", "--service")).toContain("greet/files/usr/lib/systemd/system/greet.service");
    expect((await at.bakery(["plan", "greet", "1.0.0"])).stdout).toMatch(
      /^reload +yes$(?:.*\n)*upholds +greet\.service$/m,
    );
    const plan = JSON.parse((await at.bakery(["plan", "greet", "1.0.0", "--json"])).stdout) as unknown;
    expect(plan).toMatchObject({ provides: ["usr/bin/greet", "usr/lib/systemd/system/greet.service"] });
    const { stdout } = await at.bakery(["create", "greet", "1.0.0", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ release: "greet-1.0.0", warnings: [] });
  });

  it("what GitHub has is listed, planned and, where upstream's files are called so, baked", async () => {
    await using at = await elsewhere();
    expect(await at.made("tool", "--github", "example/tool")).toEqual(["tool/recipe.ts", "tool/README.md"]);
    const assets = { "tool-linux-arm64": "program", "tool-linux-arm64.sha256": `${sha256("program")}\n` };
    const github = new FakeGitHub();
    github.publish("example/tool", { tag: "v2.1.0", assets }, { tag: "docs-1" });
    await using mirror = await Mirror.open(github.hosts);
    const env = { BAKERY_MIRROR: mirror.url };
    expect((await at.bakery(["list", "tool"], env)).stdout).toBe("2.1.0\n");
    expect((await at.bakery(["plan", "tool", "2.1.0"])).stdout).toContain(
      "https://github.com/example/tool/releases/download/v2.1.0/tool-linux-amd64.sha256",
    );
    const args = ["create", "tool", "2.1.0", "--arch", "arm64"];
    expect(await at.bakery(args, env)).toMatchObject({ exitCode: 0, stdout: "tool.raw\n" });
  });

  it("every example of --help works", async () => {
    await using at = await elsewhere();
    const { stdout } = await at.bakery(["new", "--help"]);
    const examples = [...stdout.matchAll(/^ {2}\.\/bakery (new .*)$/gm)].map(([, line = ""]) => line);
    expect(examples).toHaveLength(3);
    for (const line of examples) {
      const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? "");
      expect(await at.bakery(args), line).toMatchObject({ exitCode: 0 });
    }
  });
});

describe("nothing is written for", () => {
  it.each([
    [["Hello"], 'extension name: "Hello"'],
    [["_template"], 'extension name: "_template"'],
    [["../hello"], 'extension name: "../hello"'],
    [["noop"], 'extension name: "noop"'],
    [["hello-1"], 'extension name: "hello-1"'],
    [["hello", "--github", "docker"], 'no repository of GitHub\'s: "docker"\nhint: owner and name alone'],
    [["hello", "--github", "https://github.com/docker/compose"], "no repository of GitHub's"],
    [["hello", "--github", "docker/.."], "no repository of GitHub's"],
    [["hello", "--github", 'a/b"'], "no repository of GitHub's"],
    [["hello", "--github", "a/b\n"], "no repository of GitHub's"],
    [["hello", "--description", " "], "the description is empty"],
    [["hello", "--description", "a\nb"], "the description is not one line of visible text"],
    [["hello", "--description", "a\u2028b"], "the description is not one line of visible text"],
    [["hello", "--description", "a\u202eb"], "the description is not one line of visible text"],
    [["hello", "--description", "a\\"], "the description ends in a backslash"],
    [["hello", "--description", "a \x24{b}"], "the description ends in a backslash, or has \x24{"],
    [["hello", "--description", "x".repeat(101)], "the description is longer than 100 bytes"],
    [["hello", "--homepage", "example.org"], '--homepage is no http(s) URL: "example.org"'],
    [["hello", "--homepage", "javascript:alert(1)"], "--homepage is no http(s) URL"],
    [["hello", "--homepage", `https://x.example/${"x".repeat(100)}`], "--homepage is longer than 100 characters"],
  ])("%j", async (args, problem) => {
    await using at = await elsewhere();
    const { exitCode, stdout, stderr } = await at.bakery(["new", ...args]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(problem);
    expect(await readdir(at.folder)).toEqual([]);
  });

  it.each([
    ["a folder", (path: string) => mkdir(path)],
    ["a file", (path: string) => writeFile(path, "")],
    ["a symlink that leads nowhere", (path: string) => symlink("nowhere", path)],
  ])("a name that %s has", async (_, occupy) => {
    await using at = await elsewhere();
    const path = join(at.folder, "hello");
    await occupy(path);
    expect(await at.bakery(["new", "hello"])).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: `error: ${path} is there already\nhint: take another name, or remove it first\n`,
    });
    expect(await readdir(at.folder, { recursive: true })).toEqual(["hello"]);
  });

  it("a name that somebody takes meanwhile", async () => {
    await using at = await elsewhere();
    const path = join(at.folder, "hello");
    const ran = at.bakery(["new", "hello"]);
    // It has found the name free, and is at work beside it.
    while (readdirSync(at.folder).length === 0) await setImmediate();
    mkdirSync(join(path, "theirs"), { recursive: true });
    expect(await ran).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`${path} is there already`) });
    expect(await readdir(at.folder, { recursive: true })).toEqual(["hello", "hello/theirs"]);
  });

  it("a folder of recipes that is not there", async () => {
    await using at = await elsewhere();
    const nowhere = join(at.folder, "nowhere");
    const ran = await at.workplace.run(["new", "hello"], { BAKERY_EXTENSIONS: nowhere });
    expect(ran).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`error: no such folder: ${nowhere}\n`) });
  });

  it("a plan that cannot be put on record", async () => {
    await using at = await elsewhere();
    const plans = join(at.folder, "file/plans");
    await writeFile(dirname(plans), "");
    const place = { ...(await placeOf(at.folder)), plans };
    await expect(scaffold(parseSpec("hello", {}), place)).rejects.toThrow("ENOTDIR");
    expect(await readdir(at.folder)).toEqual(["file"]);
  });
});
