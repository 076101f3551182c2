/** What whoever bakes may choose of an extension, on the command line: versions that come along, and its options. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bakeRelease } from "../../builder/bake/bake-release.ts";
import { kitchenFrom } from "../../builder/bake/kitchen.ts";
import { Catalog } from "../../builder/catalog.ts";
import { Workplace } from "../support/bakery.ts";
import { FakeGitHub } from "../support/upstreams/github.ts";
import { Mirror } from "../support/upstreams/mirror.ts";
import { plant } from "./planted.ts";

const FIELDS = `
  bundled: {
    cni: r.newestOf(r.githubReleases("a/cni"), { option: "cni-version" }),
    nats: r.onlyIfAsked(r.githubReleases("a/nats"), { option: "nats-version" }),
  },
  options: {
    without: r.choice("leave one out", "docker", "containerd"),
    scheduler: r.word("which one runs", /^scx_[a-z]+$/, "scx_bpfland"),
  },
  tree: ({ bundled, options, arch }) => [
    r.file("usr/share/said", JSON.stringify({ ...bundled, ...options, arch })),
  ],`;
const RELEASES = "api.github.com/repos/a/cni/releases?per_page=100";

let workplace: Workplace;
let mirror: Mirror;
let env: Record<string, string>;

beforeAll(async () => {
  workplace = await Workplace.open();
  const github = new FakeGitHub();
  github.publish("a/cni", { tag: "v1.6.2" }, { tag: "v1.10.0" });
  mirror = await Mirror.open(github.hosts);
  env = { BAKERY_MIRROR: mirror.url, BAKERY_EXTENSIONS: await plant(workplace, FIELDS) };
});
afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await workplace[Symbol.asyncDispose]();
});
beforeEach(() => void mirror.arrivals.splice(0));

const plan = (...args: string[]) => workplace.run(["plan", "planted", "1.0.0", ...args], env);
/** The lines of a plan that are about choices. */
const chosen = async (...args: string[]) => {
  const { stdout, stderr } = await plan(...args);
  return stderr + (stdout.match(/^(?:bundled|option) .*$/gm) ?? []).map((line) => line.replace(/ +/g, " ")).join("\n");
};

describe("a plan says", () => {
  it("what upstream has, and the recipe's defaults, where nothing is chosen", async () => {
    expect(await chosen()).toBe("bundled cni v1.10.0\noption scheduler scx_bpfland");
  });

  it.each([[["--bundle", "cni=v1.6.2"]], [["--bundle=cni=v1.6.2"]], [["--cni-version", "v1.6.2"]]])(
    "what %j chooses, and asks nobody",
    async (args) => {
      expect(await chosen(...args)).toBe("bundled cni v1.6.2\noption scheduler scx_bpfland");
      expect(mirror.arrivals).toEqual([]);
    },
  );

  it("all that is chosen together", async () => {
    const args = [
      "--bundle",
      "cni=v1.6.2",
      "--nats-version",
      "v2.10.20",
      "--without",
      "docker",
      "--scheduler",
      "scx_rusty",
    ];
    const lines = [
      "bundled cni v1.6.2",
      "bundled nats v2.10.20",
      "option scheduler scx_rusty",
      "option without docker",
    ];
    expect(await chosen(...args)).toBe(lines.join("\n"));
  });
});

it("what is chosen decides about the image: the digest of its inputs is another one", async () => {
  const digests = [[], ["--cni-version", "v1.6.2"], ["--without", "docker"], ["--scheduler", "scx_rusty"]].map(
    async (args) => JSON.parse((await plan("--json", ...args)).stdout).inputsDigest as string,
  );
  expect(new Set(await Promise.all(digests)).size).toBe(4);
});

describe("misuse is refused before anything is made:", () => {
  it.each([
    ["a name that nothing bundled has", ["--bundle", "runc=v1.0.0"], "planted bundles no runc\nhint: it has cni, nats"],
    ["no version", ["--bundle", "cni=latest"], "no version of cni: latest"],
    ["no version for the reference's option", ["--cni-version", "latest"], "no version of cni: latest"],
    ["a bundle without a version", ["--bundle", "cni"], "<name>=<version>, cni=v1.6.2"],
    ["one that is said twice", ["--bundle", "cni=v1", "--bundle", "cni=v2"], "cni is said twice"],
    [
      "both ways of saying it",
      ["--bundle", "cni=v1", "--cni-version", "v1"],
      "--cni-version and --bundle cni=… say the",
    ],
    ["a word that the option does not know", ["--without", "runc"], "allowed: docker, containerd"],
    ["a word of another form", ["--scheduler", "cfs"], "allowed: /^scx_[a-z]+$/"],
    ["an option that the recipe does not have", ["--with-cni", "yes"], "unknown option '--with-cni'"],
  ])("%s", async (_, args, problem) => {
    const { exitCode, stdout, stderr } = await plan(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(problem);
  });

  it("an option of one extension, of another one", async () => {
    const { exitCode, stderr } = await workplace.run(["plan", "greeter", "1.0.0", "--scheduler", "scx_rusty"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("unknown option") });
  });
});

it("help shows what an extension lets choose, and that of all extensions does not", async () => {
  const { stdout } = await workplace.run(["create", "planted", "--help"], env);
  expect(stdout).toMatch(/--cni-version <value> +as --bundle cni=<value>/);
  expect(stdout).toMatch(/--without <value> +leave one out \(choices:\s+"docker",\s+"containerd"\)/);
  expect(stdout).toMatch(/--scheduler <value> +which one runs/);
  expect((await workplace.run(["create", "--help"], env)).stdout).not.toContain("--cni-version");
});

it("the release manifest says what was chosen, and what the recipe's defaults were", async () => {
  const args = ["create", "planted", "1.0.0", "--cni-version", "v1.6.2", "--without", "docker"];
  expect(await workplace.run(args, env)).toMatchObject({ exitCode: 0 });
  const { provenance } = JSON.parse(await readFile(workplace.file("planted.release.json"), "utf8"));
  expect(provenance).toMatchObject({
    bundled: { cni: "v1.6.2" },
    options: { without: "docker", scheduler: "scx_bpfland" },
  });
});

it("both architectures of a release have the same versions: they are looked up once", async () => {
  const extension = await new Catalog(env.BAKERY_EXTENSIONS).load("planted");
  const kitchen = kitchenFrom({ ...env, BAKERY_CACHE: workplace.cache });
  const hosting = { bakeryUrl: "https://bakery.example", verify: false };
  const request = { version: "1.0.0", hosting, circumstances: { builtAt: new Date(0) } };
  const manifest = await bakeRelease(extension, request, join(workplace.path, "release"), kitchen);
  expect(manifest.images.map(({ arch }) => arch)).toEqual(["x86-64", "arm64"]);
  expect(manifest.provenance.bundled).toEqual({ cni: "v1.10.0" });
  expect(mirror.arrivals.map(({ path }) => path)).toEqual([RELEASES]);
});
