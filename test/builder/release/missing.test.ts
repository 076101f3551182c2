/** `./bakery missing`: what recipes want, held against what a bakery, a folder or GitHub has. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXTENSIONS_FOLDER } from "../../../builder/catalog.ts";
import { Workplace } from "../../support/bakery.ts";
import { FakeGitHub } from "../../support/upstreams/github.ts";
import { Mirror } from "../../support/upstreams/mirror.ts";

const DOOR = pathToFileURL(join(EXTENSIONS_FOLDER, "../builder/recipe/index.ts")).href;
const BAKERY = "https://bakery.example";
const LINE = "0".repeat(64);
const TOOL_RELEASES = "api.github.com/repos/example/tool/releases?per_page=100";

let workplace: Workplace;
let github: FakeGitHub;
let mirror: Mirror;
let index: (() => Response) | undefined;
let served: ((path: string) => Promise<Buffer | undefined>) | undefined;
beforeEach(async () => {
  workplace = await Workplace.open();
  github = new FakeGitHub();
  github.publish("example/tool", { tag: "v2.1.0" }, { tag: "v2.0.9" }, { tag: "v1.9.0" });
  mirror = await Mirror.open({
    ...github.hosts,
    "bakery.example": async ({ url, headers }) => {
      const file = await served?.(new URL(url).pathname);
      if (file !== undefined) return new Response(new Uint8Array(file));
      if (!url.endsWith("/extensions/SHA256SUMS") || index === undefined) return new Response("", { status: 404 });
      if (headers.get("if-none-match") === '"1"') return new Response(null, { status: 304, headers: { etag: '"1"' } });
      return index();
    },
  });
  index = undefined;
  served = undefined;
  await plant("tool", 'versions: githubReleases("example/tool"), publish: ["latest", "v1.9.0"]');
  await plant("series", 'versions: fixed("1.0.1", "1.0.0", "1.1.0"), latest: newestPerMinor()');
});
afterEach(async () => {
  await mirror[Symbol.asyncDispose]();
  await workplace[Symbol.asyncDispose]();
});

async function plant(name: string, fields: string, extensions = "extensions"): Promise<void> {
  const folder = workplace.file(`${extensions}/${name}`);
  await mkdir(folder, { recursive: true });
  const names = "defineExtension, file, fixed, githubReleases, newestOf, newestPerMinor";
  const rest = 'description: "d", homepage: "https://example.org", provides: []';
  const recipe = `import { ${names} } from "${DOOR}";\nexport default defineExtension({ ${rest}, ${fields} });\n`;
  await writeFile(join(folder, "recipe.ts"), recipe);
}

function missing(...args: string[]) {
  return missingOf("extensions", ...args);
}

function missingOf(extensions: string, ...args: string[]) {
  const env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: workplace.file(extensions) };
  return workplace.run(["missing", ...args], env);
}

const sums = (...files: string[]) => files.map((file) => `${LINE}  ${file}\n`).join("");
const both = (...releases: string[]) => releases.flatMap((name) => [`${name}-x86-64.raw`, `${name}-arm64.raw`]);
const has = (...files: string[]) => {
  index = () => new Response(sums(...files), { headers: { etag: '"1"' } });
};
const ALL = both("tool-v2.1.0", "tool-v1.9.0", "series-1.1.0", "series-1.0.1");
const WANTED = [
  ["series", "1.1.0", "latest"],
  ["series", "1.0.1", "latest"],
  ["tool", "v2.1.0", "latest"],
  ["tool", "v1.9.0", "listed"],
];

describe("what is missing", () => {
  it("is all in a bakery that has nothing yet, with both architectures and why", async () => {
    const { stdout } = await missing("--in", BAKERY, "--json");
    const arches = ["x86-64", "arm64"];
    expect(JSON.parse(stdout)).toEqual({
      missing: WANTED.map(([extension, version, wanted]) => ({ extension, version, arches, wanted })),
      changed: [],
      unknown: [],
    });
    const none = await missing("--in", workplace.file("none"), "--json");
    expect(none).toMatchObject({ exitCode: 0, stdout });
  });

  it("is shown to people as a table, an architecture that is there left out", async () => {
    has(...both("tool-v2.1.0", "series-1.1.0", "other-1"), "tool-v1.9.0-arm64.raw", "tool.conf");
    const { exitCode, stdout } = await missing("--in", `${BAKERY}/`);
    expect(exitCode).toBe(0);
    expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["EXTENSION", "VERSION", "ARCH", "WHY"],
      ["series", "1.0.1", "x86-64 arm64", "upstream's latest"],
      ["tool", "v1.9.0", "x86-64", "the recipe lists it"],
      [""],
    ]);
  });

  it("is nothing where all is there, which costs nothing of GitHub's rate limit when asked again", async () => {
    has(...ALL);
    expect(await missing("--in", BAKERY)).toMatchObject({ exitCode: 0, stdout: "nothing is missing\n" });
    github.limit = { remaining: 5, reset: Math.floor(Date.now() / 1_000) + 3_600 };
    mirror.arrivals.length = 0;
    expect(await missing("--in", BAKERY)).toMatchObject({ exitCode: 0, stdout: "nothing is missing\n" });
    expect(github.limit.remaining).toBe(5);
    expect(mirror.arrivals.map(({ path }) => path).sort()).toEqual([
      TOOL_RELEASES,
      "bakery.example/extensions/SHA256SUMS",
    ]);
  });

  it("is told of a folder, and of a repository on GitHub", async () => {
    await mkdir(workplace.file("site/extensions"), { recursive: true });
    await writeFile(workplace.file("site/extensions/SHA256SUMS"), sums(...ALL.slice(2)));
    expect((await missing("--in", "site")).stdout).toMatch(/^tool +v2\.1\.0 +x86-64 arm64 .*\n$/m);
    github.publish("example/bakery", { tag: "SHA256SUMS", assets: { SHA256SUMS: sums(...ALL.slice(0, -1)) } });
    expect((await missing("--in", "github:example/bakery")).stdout).toMatch(/\nseries +1\.0\.1 +arm64 .*\n$/);
  });

  it("is of the extensions that are named, and no more than is asked for", async () => {
    const { stdout } = await missing("--in", BAKERY, "--extension", "tool", "--limit", "1", "--json");
    expect(JSON.parse(stdout).missing).toMatchObject([{ extension: "tool", version: "v2.1.0" }]);
    expect(mirror.count(TOOL_RELEASES)).toBe(1);
  });
});

describe("what has changed", () => {
  const FIELDS =
    'publish: ["1.0.0"], versions: fixed("1.0.0"), bundled: { cni: newestOf(githubReleases("example/cni")) }';
  const EARLIER = `${FIELDS}, tree: () => [file("usr/share/one", "of it")]`;

  /** Recipes are loaded once in a process: what is changed lies elsewhere. */
  const releaseIt = async (extensions: string, ...releases: string[]) => {
    const env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: workplace.file(extensions) };
    const made = await workplace.run(["release", "--no-test", "--to", "site", "--dir", extensions, ...releases], env);
    expect(made, made.stderr).toMatchObject({ exitCode: 0 });
  };
  const look = async (extensions: string, place = "site") => {
    const env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: workplace.file(extensions) };
    const { stdout } = await workplace.run(["missing", "--in", place, "--extension", "bundle", "--json"], env);
    const { missing: absent, changed, unknown } = JSON.parse(stdout);
    return [absent.map(({ version }: { version: string }) => version), changed, unknown];
  };

  beforeEach(async () => {
    github.publish("example/cni", { tag: "v1.6.2" });
    await plant("bundle", EARLIER, "one");
    await releaseIt("one", "bundle:1.0.0");
  });

  it("is told, with what was bundled; the release stays, until a revision has it made again", async () => {
    expect(await look("one")).toEqual([[], [], []]);
    github.publish("example/cni", { tag: "v1.7.0" });
    const next = { extension: "bundle", version: "1.0.0", next: "1.0.0+r1" };
    expect(await look("one")).toEqual([[], [{ ...next, why: "cni v1.6.2 -> v1.7.0" }], []]);
    const { stdout } = await missingOf("one", "--in", "site");
    expect(stdout).toContain(
      "bundle     1.0.0          is there; cni v1.6.2 -> v1.7.0: a revision in the recipe makes 1.0.0+r1\n",
    );

    await plant("bundle", `${EARLIER}, revisions: { "1.0.0": 1 }`, "two");
    expect(await look("two")).toEqual([["1.0.0+r1"], [], []]);
    await releaseIt("two", "bundle:1.0.0+r1");
    expect(await look("two")).toEqual([[], [], []]);
    expect(await readFile(workplace.file("site/extensions/bundle/SHA256SUMS"), "utf8")).toMatch(
      /bundle-1\.0\.0\+r1-arm64\.raw\n[\s\S]*bundle-1\.0\.0-/,
    );
    const made = JSON.parse(await readFile(workplace.file("site/extensions/bundle-1.0.0+r1/release.json"), "utf8"));
    expect(made).toMatchObject({ version: "1.0.0+r1", provenance: { bundled: { cni: "v1.7.0" } } });
  });

  it("is told of a recipe, too, and asks a bakery for no manifest twice", async () => {
    await plant("bundle", EARLIER.replaceAll("one", "other"), "two");
    expect(await look("two")).toMatchObject([[], [{ why: "the recipe or its files have changed" }], []]);
    served = async (path) => readFile(workplace.file(`site${path}`)).catch(() => undefined);
    for (const _ of [1, 2]) expect(await look("two", BAKERY)).toMatchObject([[], [{ version: "1.0.0" }], []]);
    expect(mirror.count("bakery.example/extensions/bundle-1.0.0/release.json")).toBe(1);
  });

  it("is not known where the recipe throws now, which does not hide the others", async () => {
    await plant("bundle", `${FIELDS}, tree: () => [nonesuch]`, "two");
    await plant("other", 'versions: fixed("1.0.0")', "two");
    const told = JSON.parse((await missingOf("two", "--in", "site", "--json")).stdout);
    expect(told).toMatchObject({
      missing: [{ extension: "other", version: "1.0.0" }],
      changed: [],
      unknown: [{ extension: "bundle", error: { details: { reason: "nonesuch is not defined" } } }],
    });
  });

  it("is not known of releases that others have made", async () => {
    await plant("bundle", EARLIER.replaceAll("one", "other"), "two");
    await rm(workplace.file("site/extensions/bundle-1.0.0/release.json"));
    expect(await look("two")).toEqual([[], [], []]);
  });

  it("is no revision that machines would take for newer than what is newer", async () => {
    await plant("bundle", 'publish: ["1.0"], versions: fixed("1.0"), revisions: { "1.0": 1 }', "two");
    const told = await missingOf("two", "--in", "site");
    expect(told).toMatchObject({ exitCode: 1, stdout: "" });
    expect(told.stderr).toContain("error: 1.0+r1 of bundle would count as newer than 1.0.0\n");
  });

  it.each([
    ["bundle:1.0.0", 1, "the recipe of bundle makes 1.0.0+r1, and not 1.0.0"],
    ["bundle:1.0.0+r2", 1, "the recipe of bundle makes 1.0.0+r1, and not 1.0.0+r2"],
    ["bundle:1.0.0", 0.5, "the recipe of bundle has a revision 0.5 of 1.0.0"],
  ])("is released as the recipe says, and not as %s with %s", async (release, revision, said) => {
    const extensions = `revised-${revision}-${release.length}`;
    await plant("bundle", `versions: fixed("1.0.0"), revisions: { "1.0.0": ${revision} }`, extensions);
    const env = { BAKERY_EXTENSIONS: workplace.file(extensions) };
    const failed = await workplace.run(["release", "--no-test", release], env);
    expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(said) });
  });
});

describe("what cannot be asked", () => {
  it("is reported and does not hide the others: upstreams that fail, recipes that throw", async () => {
    await plant("gone", 'versions: githubReleases("example/gone")');
    await plant("broken", "versions: fixed(nonesuch)");
    const { exitCode, stdout } = await missing("--in", BAKERY);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^tool +v2\.1\.0 /m);
    expect(stdout).toMatch(/^broken +\? +the recipe of broken cannot be loaded$/m);
    expect(stdout).toMatch(/^gone +\? +.*example\/gone.* cannot be listed/m);
    const told = JSON.parse((await missing("--in", BAKERY, "--json")).stdout);
    expect(told.unknown).toMatchObject([
      { extension: "broken", error: { details: { reason: "nonesuch is not defined" } } },
      { extension: "gone", error: { details: { url: expect.stringContaining("example/gone") } } },
    ]);
  });

  it("is said to be so until GitHub's limit is lifted, where that is used up in the middle; the others are listed", async () => {
    const names = ["amber", "beryl", "coral", "dolomite"];
    for (const name of names) {
      github.publish(`example/${name}`, { tag: "v1.0.0" });
      await plant(name, `versions: githubReleases("example/${name}")`, "precious");
    }
    const reset = Math.floor(Date.now() / 1000) + 3600;
    github.limit = { remaining: 2, reset };
    const told = await missingOf("precious", "--in", BAKERY, "--json");
    const { missing: listed, unknown } = JSON.parse(told.stdout);
    expect([told.exitCode, listed.length, unknown.length]).toEqual([0, 2, 2]);
    const all = [...listed, ...unknown].map(({ extension }) => extension);
    expect(all.toSorted()).toEqual(names);
    for (const { error } of unknown) expect(error.details.reason ?? error.message).toContain("rate limit");
    expect(JSON.stringify(unknown)).toContain(new Date(reset * 1000).toISOString());

    github.limit = undefined;
    const { missing: later, unknown: none } = JSON.parse(
      (await missingOf("precious", "--in", BAKERY, "--json")).stdout,
    );
    expect([later.length, none]).toEqual([4, []]);
  });

  it("fails where nothing can be", async () => {
    mirror.fail(TOOL_RELEASES, 500, 500, 500, 500, 500);
    const failed = await missing("--in", BAKERY, "--extension", "tool");
    expect(failed).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: expect.stringMatching(/^error: .*example\/tool.* cannot be listed/m),
    });
  }, 60_000);

  it.each<[string, () => Response, string]>([
    ["a web page", () => new Response("<html>sign in</html>"), "bakery.example/extensions/SHA256SUMS"],
    ["a server that refuses", () => new Response("no", { status: 403 }), "403"],
  ])("is an error of the bakery's: %s", async (_, answer, said) => {
    index = answer;
    const failed = await missing("--in", BAKERY);
    expect(failed).toMatchObject({ exitCode: 1, stdout: "" });
    expect(failed.stderr).toMatch(/^error: what is published cannot be read: /m);
    expect(failed.stderr).toContain(said);
  });

  it.each([
    [["--in", "ftp://bakery.example"], "no bakery: ftp://bakery.example"],
    [["--in", BAKERY, "--extension", "tol"], "unknown extension: tol"],
    [["--in", BAKERY, "--extension", "../x"], "an extension's name"],
    [["--in", BAKERY, "--limit", "0"], "--limit"],
    [[], "--in"],
  ])("is a misuse: %j", async (args, said) => {
    expect(await missing(...args)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(said) });
  });
});
