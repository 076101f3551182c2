/** Lists that are kept: asked again they cost nothing, offline they count, and damaged ones are as good as none. */
import { mkdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { prune } from "../../../builder/bake/fetch/prune.ts";
import { githubReleases, htmlListing, npmPackage } from "../../../builder/recipe/index.ts";
import { withEntityTag } from "../../support/upstreams/entity-tag.ts";
import { fileHost } from "../../support/upstreams/file-host.ts";
import { FakeGitHub } from "../../support/upstreams/github.ts";
import { npmRegistry } from "../../support/upstreams/npm-registry.ts";
import { plant } from "../planted.ts";
import { Asking } from "./asking.ts";

const SOURCE = githubReleases("docker/compose", { prefix: "v" });

/** GitHub with a list of two pages. */
async function open() {
  const github = new FakeGitHub();
  github.publish("docker/compose", ...Array.from({ length: 150 }, (_, minor) => ({ tag: `v1.${149 - minor}.0` })));
  return { github, at: await Asking.open(github.hosts) };
}

describe("a list that is asked for again", () => {
  it("is confirmed page by page, in few bytes, at no cost of the rate limit", async () => {
    const { github, at } = await open();
    await using _ = at;
    github.limit = { remaining: 10, reset: 1 };
    const first = await at.list(SOURCE);
    expect(first).toHaveLength(150);
    expect(github.limit.remaining).toBe(8);
    expect(await at.list(SOURCE)).toEqual(first);
    expect(github.limit.remaining).toBe(8);
    const asked = at.mirror.arrivals.map(({ path, headers }) => [path, headers.has("if-none-match")]);
    expect(asked.slice(2)).toEqual(asked.slice(0, 2).map(([path]) => [path, true]));
  });

  it("is read anew where it has changed", async () => {
    const { github, at } = await open();
    await using _ = at;
    await at.list(SOURCE);
    github.publish("docker/compose", { tag: "v2.0.0" });
    expect((await at.list(SOURCE))[0]).toBe("2.0.0");
    expect((await at.list(SOURCE, { offline: true }))[0]).toBe("2.0.0");
  });

  it("is confirmed by its time where it has no entity tag", async () => {
    const since = "Sat, 17 Jan 2026 03:04:05 GMT";
    const host = ({ headers }: Request) =>
      headers.get("if-modified-since") === since
        ? new Response(null, { status: 304 })
        : new Response('<a href="1.0.0/">', { headers: { "last-modified": since } });
    await using at = await Asking.open({ "files.example": host });
    const source = htmlListing("https://files.example/", /^(?<version>.*)\/$/);
    expect([await at.list(source), await at.list(source)]).toEqual([["1.0.0"], ["1.0.0"]]);
    expect(at.mirror.arrivals[1]?.headers.get("if-modified-since")).toBe(since);
  });

  it("is not confirmed for another token, who may see another list", async () => {
    const { at } = await open();
    await using _ = at;
    await at.list(SOURCE);
    await at.list(SOURCE, {}, { GITHUB_TOKEN: "secret" });
    expect(at.mirror.arrivals.filter(({ headers }) => headers.has("if-none-match"))).toEqual([]);
    const kept = await Promise.all((await at.kept()).map((file) => readFile(file, "latin1")));
    expect(kept).toHaveLength(4);
    expect(kept.join("")).not.toContain("secret");
  });

  it.each([
    ["cut short", (content: Buffer) => content.subarray(0, -5)],
    ["emptied", () => Buffer.alloc(0)],
    ["overwritten", (content: Buffer) => Buffer.from(content.toString().replaceAll("v1.", "v9."))],
    ["of another program", () => Buffer.from('{"etag": 1}\n[]')],
  ])("is read anew where what was kept is %s", async (_, damage) => {
    const { at } = await open();
    await using __ = at;
    const first = await at.list(SOURCE);
    for (const file of await at.kept()) await writeFile(file, damage(await readFile(file)));
    await expect(at.list(SOURCE, { offline: true })).rejects.toThrow("never asked for");
    expect(await at.list(SOURCE)).toEqual(first);
    expect(at.mirror.arrivals.filter(({ headers }) => headers.has("if-none-match"))).toEqual([]);
    expect(await at.list(SOURCE, { offline: true })).toEqual(first);
  });
});

describe("offline", () => {
  it("a list is what it was, with all of its pages, and nobody is asked", async () => {
    const { at } = await open();
    await using _ = at;
    const first = await at.list(SOURCE);
    expect(await at.list(SOURCE, { offline: true })).toEqual(first);
    expect(at.mirror.arrivals).toHaveLength(2);
  });

  it("so are npm's", async () => {
    const registry = npmRegistry("npm.example", { tool: { "1.0.0": {} } });
    const host = async (request: Request) => withEntityTag(request, await registry(request));
    await using at = await Asking.open({ "npm.example": host });
    const before = process.env.npm_config_registry;
    process.env.npm_config_registry = "https://npm.example/";
    try {
      for (const offline of [false, true]) expect(await at.list(npmPackage("tool"), { offline })).toEqual(["1.0.0"]);
    } finally {
      if (before === undefined) delete process.env.npm_config_registry;
      else process.env.npm_config_registry = before;
    }
    expect(at.mirror.arrivals).toHaveLength(1);
  });

  it("a list that was never asked for is an error that says so", async () => {
    const { at } = await open();
    await using _ = at;
    await expect(at.list(SOURCE, { offline: true })).rejects.toMatchObject({
      name: "UserError",
      message: "the releases of docker/compose on GitHub cannot be listed: it was never asked for",
      details: { url: expect.stringContaining("https://api.github.com/repos/docker/compose/releases") },
      hint: "run it once without --offline",
    });
    expect(at.mirror.arrivals).toEqual([]);
  });

  it("the command line lists and bakes with what was listed before", async () => {
    const github = new FakeGitHub();
    github.publish("a/cni", { tag: "v1.6.2" });
    await using at = await Asking.open(github.hosts);
    const fields = `bundled: { cni: r.newestOf(r.githubReleases("a/cni")) }, tree: ({ bundled }) => [r.file("usr/share/cni", bundled.cni)],`;
    const env = { BAKERY_MIRROR: at.mirror.url, BAKERY_EXTENSIONS: await plant(at.workplace, fields) };
    const create = ["create", "planted", "1.0.0", "--offline"];
    expect(await at.workplace.run(create, env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("hint: run it once without --offline"),
    });
    await at.workplace.run(["plan", "planted", "1.0.0"], env);
    const asked = at.mirror.arrivals.length;
    // The extension's own versions stand in the recipe; a list of another one is only what it was.
    expect(await at.workplace.run(["list", "planted", "--offline"], env)).toMatchObject({ stdout: "1.0.0\n" });
    expect(
      await at.workplace.run(["list", "docker-compose", "--offline"], { BAKERY_MIRROR: at.mirror.url }),
    ).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("never asked for"),
    });
    expect(await at.workplace.run(create, env)).toMatchObject({ exitCode: 0 });
    const { provenance } = JSON.parse(await readFile(at.workplace.file("planted.release.json"), "utf8"));
    expect(provenance.bundled).toEqual({ cni: "v1.6.2" });
    expect(at.mirror.arrivals).toHaveLength(asked);
  });
});

it("a list is there also where it cannot be kept", async () => {
  const { at } = await open();
  await using _ = at;
  await mkdir(at.workplace.cache);
  await writeFile(join(at.workplace.cache, "answers"), "a file");
  expect(await at.list(SOURCE)).toHaveLength(150);
});

it("lists that nobody has asked for go like downloads; one that is confirmed counts as used", async () => {
  const hosts = { "files.example": fileHost({ "/": '<a href="1.0.0/">' }), ...(await open()).github.hosts };
  await using at = await Asking.open(hosts);
  await at.list(SOURCE);
  const old = new Date(Date.now() - 90 * 24 * 60 * 60 * 1_000);
  for (const file of await at.kept()) {
    await utimes(file, old, old);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  }
  await at.list(SOURCE);
  await prune(at.workplace.cache);
  expect(await at.kept()).toHaveLength(2);
  for (const file of await at.kept()) await utimes(file, old, old);
  await prune(at.workplace.cache);
  expect(await at.kept()).toEqual([]);
});
