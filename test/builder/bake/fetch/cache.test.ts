/** What was downloaded once: it is used again if it is right, gone on from if it is a part, and enough without a network. */
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { prune } from "../../../../builder/bake/fetch/prune.ts";
import { run } from "../../../../builder/system/run.ts";
import { Workplace } from "../../../support/bakery.ts";
import { sha256 } from "../../../support/sha256.ts";
import { FakeGitHub } from "../../../support/upstreams/github.ts";
import { Mirror } from "../../../support/upstreams/mirror.ts";
import { npmRegistry } from "../../../support/upstreams/npm-registry.ts";
import { plant } from "../../planted.ts";

const CONTENT = "0123456789".repeat(1_000);
const KEY = `sha256-${sha256(CONTENT)}`;
const OBJECT = "objects.githubusercontent.com/example/tool/v1/tool";
const URL_ = "https://github.com/example/tool/releases/download/v1/tool";

const downloading = (verify: string, url = `"${URL_}"`) =>
  `downloads: () => [{ url: ${url}, verify: ${verify}, install: r.binary("usr/bin/x") }],`;

async function open(fields = downloading("r.githubDigest()")) {
  const workplace = await Workplace.open();
  const github = new FakeGitHub();
  github.publish("example/tool", { tag: "v1", assets: { tool: CONTENT, "tool.sha256": `${sha256(CONTENT)}\n` } });
  const npm = npmRegistry("npm.example", { tool: { "1.0.0": { tarball: Buffer.from(CONTENT) } } });
  const mirror = await Mirror.open({ ...github.hosts, "npm.example": npm });
  vi.stubEnv("npm_config_registry", "https://npm.example/");
  const extensions = await plant(workplace, fields);
  const cached = (name: string) => join(workplace.cache, name);
  const env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: extensions };
  let isPlugged = true;
  /** The network goes. */
  const unplug = async () => {
    if (isPlugged) await mirror[Symbol.asyncDispose]();
    isPlugged = false;
  };
  return {
    workplace,
    mirror,
    cached,
    unplug,
    create: (...args: string[]) => workplace.run(["create", "planted", "1.0.0", ...args], env),
    installed: () => run("unsquashfs", ["-cat", workplace.file("planted.raw"), "usr/bin/x"]),
    async [Symbol.asyncDispose]() {
      await unplug();
      await workplace[Symbol.asyncDispose]();
    },
  };
}

afterEach(() => vi.unstubAllEnvs());

describe("a download that is kept", () => {
  it("is not asked for again, whatever is baked of it", async () => {
    await using at = await open();
    expect(await at.create()).toMatchObject({ exitCode: 0 });
    expect(await at.create("--epoch", "1")).toMatchObject({ exitCode: 0 });
    expect(await at.installed()).toBe(CONTENT);
    expect(at.mirror.count(OBJECT)).toBe(1);
    expect(await readdir(at.cached("files"))).toEqual([KEY]);
    expect(await readdir(at.cached("partial"))).toEqual([]);
  });

  it("and is damaged is found out, and fetched again", async () => {
    await using at = await open();
    await at.create();
    const kept = await readFile(at.cached(`files/${KEY}`));
    await writeFile(at.cached(`files/${KEY}`), kept.fill("x", 500, 501));
    expect(await at.create("--epoch", "1")).toMatchObject({ exitCode: 0 });
    expect(await at.installed()).toBe(CONTENT);
    expect(await readFile(at.cached(`files/${KEY}`), "utf8")).toBe(CONTENT);
    expect(at.mirror.count(OBJECT)).toBe(2);
  });

  it("is one file for both architectures, downloaded once while both bake", async () => {
    await using at = await open();
    at.mirror.fail(OBJECT, "cut");
    const { bakeRelease } = await import("../../../../builder/bake/bake-release.ts");
    const { kitchenFrom } = await import("../../../../builder/bake/kitchen.ts");
    const { Catalog } = await import("../../../../builder/catalog.ts");
    const kitchen = kitchenFrom({ BAKERY_MIRROR: at.mirror.url, BAKERY_CACHE: at.workplace.cache });
    const extension = await new Catalog(at.workplace.file("extensions")).load("planted");
    const request = {
      version: "1.0.0",
      hosting: { bakeryUrl: "https://a.example" },
      circumstances: { builtAt: new Date(0) },
    };
    const { images } = await bakeRelease(extension, request, at.workplace.file("release"), kitchen);
    expect(images).toHaveLength(2);
    // The second one of the one that was cut.
    expect(at.mirror.arrivals.filter(({ path }) => path === OBJECT).map(({ headers }) => headers.get("range"))).toEqual(
      [null, "bytes=5000-"],
    );
  });
});

describe("a download that was under way when its process ended", () => {
  /** Of a process that is no more: the highest number that no process has is 2^22. */
  const gone = `${hostname().replace(/[^A-Za-z0-9]/g, "")}.99999999`;

  async function leave(at: Awaited<ReturnType<typeof open>>, bytes: string, owner = gone): Promise<void> {
    await mkdir(at.cached("partial"), { recursive: true });
    await writeFile(at.cached(`partial/${KEY}.${owner}`), bytes);
  }
  const ranges = ({ mirror }: { mirror: Mirror }) =>
    mirror.arrivals.filter(({ path }) => path === OBJECT).map(({ headers }) => headers.get("range"));

  it("is gone on from", async () => {
    await using at = await open();
    await leave(at, CONTENT.slice(0, 7_000));
    expect(await at.create()).toMatchObject({ exitCode: 0 });
    expect(await at.installed()).toBe(CONTENT);
    expect(ranges(at)).toEqual(["bytes=7000-"]);
    expect(await readdir(at.cached("partial"))).toEqual([]);
  });

  it("and has all but its name is asked for no byte again", async () => {
    await using at = await open();
    await leave(at, CONTENT);
    expect(await at.create()).toMatchObject({ exitCode: 0 });
    expect(await at.installed()).toBe(CONTENT);
  });

  it("and is damaged is an error, and is not gone on from a second time", async () => {
    await using at = await open();
    await leave(at, "x".repeat(7_000));
    expect(await at.create()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("does not match its published checksum"),
    });
    expect(await readdir(at.cached("partial"))).toEqual([]);
    expect(await at.create()).toMatchObject({ exitCode: 0 });
    expect(await at.installed()).toBe(CONTENT);
  });

  it("is left alone while its process may be at work", async () => {
    await using at = await open();
    await leave(at, CONTENT.slice(0, 7_000), "anotherhost.1");
    await at.create();
    expect(ranges(at)).toEqual([null]);
    expect(await readdir(at.cached("partial"))).toEqual([`${KEY}.anotherhost.1`]);
  });
});

describe("--offline", () => {
  it.each([
    ["githubDigest", downloading("r.githubDigest()"), "github-digest"],
    ["checksumFile", downloading(`r.checksumFile("${URL_}.sha256")`), "checksum-file"],
    ["npmIntegrity", downloading("r.npmIntegrity()", 'r.npmTarball("tool", "1.0.0")'), "npm-integrity"],
    ["pinned", downloading(`r.pinned({ "1.0.0": "${sha256(CONTENT)}" })`), "pinned"],
    ["unverified", downloading('r.unverified("a test")'), "unverified"],
  ])("bakes from what was downloaded before and verified by %s", async (_, fields, verifiedBy) => {
    await using at = await open(fields);
    expect(await at.create()).toMatchObject({ exitCode: 0 });
    const before = await readFile(at.workplace.file("planted.raw"));
    const { provenance } = JSON.parse(await readFile(at.workplace.file("planted.release.json"), "utf8"));
    await at.unplug();
    await run("sh", ["-c", 'rm "$0"/planted.*', at.workplace.path]);

    expect(await at.create("--offline")).toMatchObject({ exitCode: 0 });
    expect((await readFile(at.workplace.file("planted.raw"))).equals(before)).toBe(true);
    const again = JSON.parse(await readFile(at.workplace.file("planted.release.json"), "utf8"));
    expect(again.provenance.downloads).toEqual(provenance.downloads);
    expect(again.provenance.downloads[0]).toMatchObject({ verifiedBy, sha256: sha256(CONTENT) });
  });

  it("says what it lacks, and asks nobody", async () => {
    await using at = await open();
    expect(await at.create("--offline")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /not in the download cache\n {2}url +https:.*\n.*hint: run it once without --offline/s,
      ),
    });
    expect(at.mirror.arrivals).toEqual([]);
  });

  it("says so too of what is damaged, for it cannot be fetched again", async () => {
    await using at = await open();
    await at.create();
    await writeFile(at.cached(`files/${KEY}`), "damaged");
    const ran = await at.create("--offline", "--epoch", "1");
    expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("tool is not in the download cache") });
  });

  it("does not take for verified what another recipe has vouched for otherwise", async () => {
    await using at = await open(downloading('r.unverified("a test")'));
    await at.create();
    await using other = await Workplace.open();
    const env = {
      BAKERY_CACHE: at.workplace.cache,
      BAKERY_EXTENSIONS: await plant(other, downloading("r.githubDigest()")),
    };
    expect(await other.run(["create", "planted", "1.0.0", "--offline"], env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("a download is not in the download cache"),
    });
  });
});

it("a cache that cannot be written is an error that says how to have another one", async () => {
  await using at = await open();
  await writeFile(at.workplace.cache, "a file");
  expect(await at.create()).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/the download cache cannot be written\n.*hint: set BAKERY_CACHE/s),
  });
});

it("what nobody has used for long goes, and the oldest beyond a size", async () => {
  await using workplace = await Workplace.open();
  const now = Date.now();
  for (const [name, days] of [
    ["new", 0],
    ["old", 5],
    ["older", 6],
    ["ancient", 90],
  ] as const) {
    await mkdir(workplace.file("files"), { recursive: true });
    await writeFile(workplace.file(`files/${name}`), "x".repeat(100));
    const used = new Date(now - days * 24 * 60 * 60 * 1_000);
    await utimes(workplace.file(`files/${name}`), used, used);
  }
  await prune(workplace.path, { age: 60 * 24 * 60 * 60 * 1_000, bytes: 250 }, now);
  expect((await readdir(workplace.file("files"))).sort()).toEqual(["new", "old"]);
  expect((await stat(workplace.file("files/new"))).size).toBe(100);
});
