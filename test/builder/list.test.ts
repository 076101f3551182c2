/** `./bakery list`: which extensions there are, and what upstream offers of one. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { githubReleases } from "../../builder/recipe/index.ts";
import { listVersions } from "../../builder/versions/list-versions.ts";
import { upstreamsFrom } from "../../builder/versions/upstreams.ts";
import { Workplace } from "../support/bakery.ts";
import { FakeGitHub } from "../support/upstreams/github.ts";
import { Mirror } from "../support/upstreams/mirror.ts";
import { npmRegistry } from "../support/upstreams/npm-registry.ts";

const COMPOSE = "docker/compose";
const ONE_A_LINE = /^(?:[a-z0-9-]+\n)+$/;
const RELEASES = "api.github.com/repos/docker/compose/releases?per_page=100";

async function open(github = new FakeGitHub()) {
  const workplace = await Workplace.open();
  const mirror = await Mirror.open(github.hosts);
  const bakery = (...args: string[]) => workplace.run(args, { BAKERY_MIRROR: mirror.url });
  const dispose = async () => {
    await mirror[Symbol.asyncDispose]();
    await workplace[Symbol.asyncDispose]();
  };
  return { workplace, mirror, github, bakery, [Symbol.asyncDispose]: dispose };
}

afterEach(() => vi.unstubAllEnvs());

describe("the extensions", () => {
  it("are listed with what they are", async () => {
    await using at = await open();
    const { stdout, exitCode } = await at.bakery("list");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^docker-compose +Docker CLI plugin/m);
  });

  it.each([["--plain"], ["--plain", "true"], ["--plain=true"]])("are listed by name with %s %s", async (...flags) => {
    await using at = await open();
    const listed = await at.bakery("list", ...flags);
    expect(listed).toEqual({ exitCode: 0, stdout: expect.stringMatching(ONE_A_LINE), stderr: "" });
    expect(listed.stdout.split("\n")).toEqual(expect.arrayContaining(["docker-compose", "workerd"]));
  });

  it("are listed for programs with --json", async () => {
    await using at = await open();
    const listed = JSON.parse((await at.bakery("list", "--json")).stdout) as { name: string }[];
    const names = listed.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["docker-compose", "workerd"]));
    expect(names).toEqual(names.toSorted());
  });

  it("that are not there are refused, with the one that may be meant", async () => {
    await using at = await open();
    expect(await at.bakery("list", "workerd-x")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: "error: unknown extension: workerd-x\nhint: did you mean workerd? ./bakery list shows all\n",
    });
  });
});

describe("the versions on GitHub", () => {
  it("come newest first by systemd's order, without the prefix, drafts, prereleases and other tags", async () => {
    await using at = await open();
    const tags = ["v2.9.0", "v2.10.0", "v2.10.0-rc.1", "docs-1", "v2.2.3"];
    at.github.publish(COMPOSE, ...tags.map((tag) => ({ tag, prerelease: tag.includes("rc") })), {
      tag: "v3.0.0",
      draft: true,
    });
    expect((await at.bakery("list", "docker-compose")).stdout).toBe("2.10.0\n2.9.0\n2.2.3\n");
    expect((await at.bakery("list", "docker-compose", "--latest")).stdout).toBe("2.10.0\n");
    expect((await at.bakery("list", "--latest", "true", "docker-compose")).stdout).toBe("2.10.0\n");
    expect((await at.bakery("list", "--latest", "docker-compose")).stdout).toBe("2.10.0\n");
  });

  it("come from all pages", async () => {
    await using at = await open();
    at.github.publish(COMPOSE, ...Array.from({ length: 250 }, (_, minor) => ({ tag: `v1.${minor}.0` })));
    const { stdout } = await at.bakery("list", "docker-compose");
    expect(stdout.trimEnd().split("\n")).toHaveLength(250);
    expect(stdout).toMatch(/^1\.249\.0\n1\.248\.0\n/);
    expect(at.mirror.arrivals).toHaveLength(3);
  });

  it("do not come from another host than the API, which would get the token; a list cut short is none", async () => {
    await using at = await open();
    at.github.publish(COMPOSE, ...Array.from({ length: 150 }, (_, minor) => ({ tag: `v1.${minor}.0` })));
    at.github.strayLink = "https://evil.example/repos/docker/compose/releases";
    const { exitCode, stdout, stderr } = await at.bakery("list", "docker-compose");
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("on GitHub cannot be listed: GitHub's list goes on at another server\n");
    expect(at.mirror.arrivals.map(({ path }) => path)).toEqual([RELEASES]);
  });

  it("are asked for with the token at the API itself, and without it at a mirror", async () => {
    await using at = await open();
    at.github.publish(COMPOSE, { tag: "v1.0.0" }, { tag: "v2.0.0", draft: true });
    const secret = { GITHUB_TOKEN: "secret" };
    const api = { ...secret, GITHUB_API_URL: `${at.mirror.url}/api.github.com` };
    for (const env of [api, { ...secret, BAKERY_MIRROR: at.mirror.url }]) {
      expect((await at.workplace.run(["list", "docker-compose"], env)).stdout).toBe("1.0.0\n");
    }
    expect(at.mirror.arrivals.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer secret", null]);
  });

  it("are asked for at GITHUB_API_URL", async () => {
    await using at = await open();
    at.github.publish(COMPOSE, { tag: "v1.0.0" });
    const env = { GITHUB_API_URL: `${at.mirror.url}/api.github.com/` };
    expect((await at.workplace.run(["list", "docker-compose"], env)).stdout).toBe("1.0.0\n");
  });

  it("are not to be had while the rate limit is used up: the error says until when, and what lifts it", async () => {
    await using at = await open();
    at.github.limit = { remaining: 0, reset: Date.UTC(2030, 0, 1) / 1000 };
    expect(await at.bakery("list", "docker-compose")).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: expect.stringMatching(/rate limit used up until 2030-01-01T00:00:00.000Z.*hint: .*GITHUB_TOKEN/s),
    });
    expect(at.mirror.arrivals).toHaveLength(1);
  });

  it("are asked for again when GitHub says that it was too much at once", async () => {
    await using at = await open();
    at.github.publish(COMPOSE, { tag: "v1.0.0" });
    at.github.busy = { requests: 2, retryAfter: 0 };
    expect((await at.bakery("list", "docker-compose")).stdout).toBe("1.0.0\n");
  });

  it("of a repository that is not there are an error that says where they were looked for", async () => {
    await using at = await open();
    expect(await at.bakery("list", "docker-compose")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(RELEASES),
    });
  });

  it("are asked for again after an error that passes", async () => {
    await using at = await open();
    at.github.publish(COMPOSE, { tag: "v1.0.0" });
    at.mirror.fail(RELEASES, 503, "cut");
    expect((await at.bakery("list", "docker-compose")).stdout).toBe("1.0.0\n");
    expect(at.mirror.count(RELEASES)).toBe(3);
  });
});

it("lists npm's versions from the registry that the npm client names, without prereleases and deprecated ones", async () => {
  await using workplace = await Workplace.open();
  const versions = {
    "1.20250101.0": {},
    "1.20241231.0": {},
    "1.20250102.0": { deprecated: "broken" },
    "2.0.0-beta.1": {},
  };
  await using mirror = await Mirror.open({ "npm.example": npmRegistry("npm.example", { workerd: versions }) });
  vi.stubEnv("npm_config_registry", "https://npm.example/");
  const { stdout } = await workplace.run(["list", "workerd"], { BAKERY_MIRROR: mirror.url });
  expect(stdout).toBe("1.20250101.0\n1.20241231.0\n");
});

it("says which server cannot be reached, and why", async () => {
  await using workplace = await Workplace.open();
  const mirror = await Mirror.open();
  const { url } = mirror;
  await mirror[Symbol.asyncDispose]();
  expect(await workplace.run(["list", "docker-compose", "--json"], { BAKERY_MIRROR: url })).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining("ECONNREFUSED"),
  });
});

it.each(["BAKERY_MIRROR", "GITHUB_API_URL"])("refuses %s where it is no URL", async (name) => {
  await using workplace = await Workplace.open();
  expect(await workplace.run(["list", "docker-compose"], { [name]: "mirror.example" })).toMatchObject({
    exitCode: 2,
    stderr: `error: ${name} is no http(s) URL: mirror.example\n`,
  });
});

it("takes only tags that the recipe includes and does not exclude, whatever flags its patterns have", async () => {
  const github = new FakeGitHub();
  github.publish(COMPOSE, ...["v1.1.0", "v1.2.0", "v1.3.0", "v2.1.0", "v2.2.0", "v2.2.0+lts"].map((tag) => ({ tag })));
  await using workplace = await Workplace.open();
  await using mirror = await Mirror.open(github.hosts);
  const source = githubReleases(COMPOSE, { prefix: "v", include: /^v2/g, exclude: /lts/g });
  expect(await listVersions(source, upstreamsFrom({ BAKERY_MIRROR: mirror.url }, { cache: workplace.cache }))).toEqual([
    "2.2.0",
    "2.1.0",
  ]);
});
