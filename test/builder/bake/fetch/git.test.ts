/** What a tag of a git repository names, fetched from git's own server: by its commit, and by nothing of this machine's. */
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Http } from "../../../../builder/system/http.ts";
import { run } from "../../../../builder/system/run.ts";
import { Git } from "../../../../builder/versions/git.ts";
import { parseReleaseManifest } from "../../../../schema/index.ts";
import { Workplace } from "../../../support/bakery.ts";
import { gitHost } from "../../../support/upstreams/git-host.ts";
import { Mirror } from "../../../support/upstreams/mirror.ts";
import { plant } from "../../planted.ts";

const REPOSITORY = "https://git.example/tool.git";
const SUBMODULE = "1".repeat(40);
const AUTHOR = ["-c", "user.name=x", "-c", "user.email=x@example.org"];

let root: string;
let mirror: Mirror;
/** Where temporary files go. */
let scratch: string;
/** By tag. */
const commits = new Map<string, string>();

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "git-host-")));
  scratch = join(root, "scratch");
  await mkdir(scratch);
  const repository = join(root, "tool.git");
  const git = (...args: string[]) => run("git", ["-C", repository, ...AUTHOR, ...args]);
  await run("git", ["init", "-q", "-b", "master", repository]);
  await mkdir(join(repository, "bin"));
  await writeFile(join(repository, "bin/tool"), "#!/bin/sh\necho 1\n", { mode: 0o755 });
  await git("add", ".");
  await git("update-index", "--add", "--cacheinfo", `160000,${SUBMODULE},library`);
  await git("commit", "-qm", "one");
  await git("tag", "light");
  await git("tag", "-a", "-m", "annotated", "release/1.0");
  await writeFile(join(repository, "bin/tool"), "#!/bin/sh\necho 2\n");
  await git("commit", "-qam", "two");
  await git("tag", "v2");
  for (const tag of ["light", "release/1.0", "v2"])
    commits.set(tag, (await git("rev-parse", `${tag}^{commit}`)).trim());
  mirror = await Mirror.open({
    "git.example": gitHost(root),
    "page.example": () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
    "closed.example": () =>
      new Response("who are you?", { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } }),
    "stalled.example": (request) =>
      request.method === "POST" && !request.url.includes("info/refs")
        ? new Promise<Response>(() => {})
        : gitHost(root)(request),
  });
});
afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

/** A recipe that installs the tool of each of these tags. */
async function open(tags: readonly string[], repository = REPOSITORY) {
  const workplace = await Workplace.open();
  const downloads = tags.map((tag, at) => {
    const install = `r.extract("usr/${at === 0 ? "" : at}", { only: ["bin", "library"] })`;
    return `{ url: r.gitTag("${repository}", "${tag}"), verify: r.gitCommit(), install: ${install} }`;
  });
  const fields = `downloads: () => [${downloads}], provides: ["usr/bin/tool"]`;
  const env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: await plant(workplace, fields) };
  vi.stubEnv("TMPDIR", scratch);
  return {
    create: (...args: string[]) => workplace.run(["create", "planted", "1.0.0", ...args], env),
    bake: async (...args: string[]) => {
      const { exitCode, stderr } = await workplace.run(["create", "planted", "1.0.0", ...args], env);
      if (exitCode !== 0) throw new Error(stderr);
    },
    installed: (path: string) => run("unsquashfs", ["-cat", workplace.file("planted.raw"), path]),
    paths: () => run("unsquashfs", ["-l", workplace.file("planted.raw")]),
    records: async () => {
      const text = await readFile(workplace.file("planted.release.json"), "utf8");
      return parseReleaseManifest(text).provenance.downloads;
    },
    [Symbol.asyncDispose]: () => workplace[Symbol.asyncDispose](),
  };
}

it("is the tree of the commit, whether the tag is an object of its own or not, and the same bytes each time", async () => {
  const archives = new Set<string | undefined>();
  for (const tag of ["light", "release/1.0"]) {
    await using at = await open([tag]);
    await at.bake();
    expect(await at.installed("usr/bin/tool")).toBe("#!/bin/sh\necho 1\n");
    // What belongs to another repository is a folder with nothing in it.
    expect(await at.paths()).not.toContain("library/");
    const records = await at.records();
    expect(records).toEqual([
      {
        url: `git+${REPOSITORY}#${tag}`,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        size: expect.any(Number),
        verifiedBy: "git-commit",
        commit: commits.get(tag),
      },
    ]);
    archives.add(records[0]?.sha256);
    const asked = mirror.arrivals.length;
    await at.bake("--offline", "--epoch", "1");
    expect(await at.records()).toEqual(records);
    expect(mirror.arrivals).toHaveLength(asked);
  }
  expect(archives.size).toBe(1);
  expect(mirror.arrivals.map(({ path }) => path).join("\n")).not.toContain("library");
  expect(await readdir(scratch)).toEqual([]);
});

it("is not mixed up with that of another tag, nor with a repository that git is at work in", async () => {
  // As git has it for a hook.
  vi.stubEnv("GIT_DIR", join(root, "elsewhere.git"));
  vi.stubEnv("GIT_INDEX_FILE", join(root, "elsewhere.git/index"));
  await using at = await open(["light", "v2"]);
  await at.bake();
  expect(await at.installed("usr/bin/tool")).toBe("#!/bin/sh\necho 1\n");
  expect(await at.installed("usr/1/bin/tool")).toBe("#!/bin/sh\necho 2\n");
  expect((await at.records()).map(({ commit }) => commit)).toEqual([commits.get("light"), commits.get("v2")]);
  expect(await readdir(root)).not.toContain("elsewhere.git");
});

describe("is refused, with nothing left over, where", () => {
  it.each([
    ["there is no such tag", "v3", REPOSITORY, "planted 1.0.0 is not there for x86-64: the repository has no tag v3"],
    ["a branch has that name", "master", REPOSITORY, "the repository has no tag master"],
    ["there is no such repository", "v2", "https://git.example/other.git", "the repository cannot be read"],
    ["a web page is sent", "v2", "https://page.example/tool.git", "no git repository, or one with nothing in it"],
    ["a tag is none", "v2 --upload-pack=x", REPOSITORY, "gitTag(…) needs an https URL and a tag"],
    ["nobody answers", "v2", "https://nobody.example/tool.git", "the repository cannot be read"],
  ])("%s", async (_, tag, repository, message) => {
    await using at = await open([tag], repository);
    const { exitCode, stderr } = await at.create();
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(message) });
    expect(stderr).toContain(repository);
    expect(await readdir(scratch)).toEqual([]);
  });

  it("a password is wanted: nobody is asked for it, and none of this machine's is sent", async () => {
    const home = join(root, "home");
    await mkdir(home);
    await writeFile(join(home, ".netrc"), "machine 127.0.0.1 login me password secret\n", { mode: 0o600 });
    await writeFile(join(home, "ask"), `#!/bin/sh\ntouch ${home}/asked\necho secret\n`, { mode: 0o755 });
    await writeFile(join(home, ".gitconfig"), `[credential]\n\thelper = "!touch ${home}/helped; echo password=x"\n`);
    vi.stubEnv("HOME", home);
    vi.stubEnv("GIT_ASKPASS", join(home, "ask"));
    vi.stubEnv("SSH_ASKPASS", join(home, "ask"));
    await using at = await open(["v2"], "https://closed.example/tool.git");
    const { exitCode, stderr } = await at.create();
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("the repository cannot be read"),
    });
    expect((await readdir(home)).sort()).toEqual([".gitconfig", ".netrc", "ask"]);
    const asked = mirror.arrivals.filter(({ path }) => path.startsWith("closed.example"));
    expect(asked.map(({ headers }) => headers.get("authorization"))).toEqual(asked.map(() => null));
  });
});

/** Where an archive goes that nobody wants. */
const sink = { size: 0, expect: () => {}, write: async () => {}, digest: () => "" };

it("a tag that is moved between its look-up and its fetch is an error that says so", async () => {
  vi.stubEnv("TMPDIR", scratch);
  const git = new Git(new Http({ mirror: mirror.url }));
  const moved = git.archive({ repository: REPOSITORY, tag: "v2" }, commits.get("light") ?? "", sink);
  await expect(moved).rejects.toMatchObject({
    message: "the tag has been moved just now",
    details: { url: REPOSITORY, tag: "v2", before: commits.get("light"), now: commits.get("v2") },
    hint: "try again",
  });
  expect(await readdir(scratch)).toEqual([]);
});

it("a fetch that is ended leaves neither files nor processes", async () => {
  vi.stubEnv("TMPDIR", scratch);
  const ended = new AbortController();
  const tag = { repository: "https://stalled.example/tool.git", tag: "v2" };
  const fetching = new Git(new Http({ mirror: mirror.url })).archive(tag, commits.get("v2") ?? "", sink, ended.signal);
  fetching.catch(() => {});
  const stalled = () => mirror.arrivals.some(({ path }) => path.startsWith("stalled.example") && path.endsWith("pack"));
  await vi.waitFor(() => expect(stalled()).toBe(true), 20_000);
  ended.abort(new Error("ended"));
  await expect(fetching).rejects.toThrow("ended");
  expect(await readdir(scratch)).toEqual([]);
  await vi.waitFor(async () => expect(await run("ps", ["-A", "-o", "args="])).not.toContain("stalled.example"), 10_000);
});
