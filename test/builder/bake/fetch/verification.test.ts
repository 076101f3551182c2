/** Each way to know the right bytes: it lets them through, and nothing else. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { startFetches } from "../../../../builder/bake/fetch/fetch.ts";
import { kitchenFrom } from "../../../../builder/bake/kitchen.ts";
import { type Plan, planBake } from "../../../../builder/bake/plan.ts";
import { wholeContent } from "../../../../builder/bake/root/entry.ts";
import type { Download, Verification } from "../../../../builder/recipe/index.ts";
import {
  binary,
  fixed,
  githubAsset,
  githubDigest,
  npmIntegrity,
  npmTarball,
  pinned,
  unverified,
} from "../../../../builder/recipe/index.ts";
import { Workplace } from "../../../support/bakery.ts";
import { sha256 } from "../../../support/sha256.ts";
import { FakeGitHub } from "../../../support/upstreams/github.ts";
import { Mirror } from "../../../support/upstreams/mirror.ts";
import { npmRegistry } from "../../../support/upstreams/npm-registry.ts";

const CONTENT = Buffer.from("the right bytes");
const ASSET = githubAsset("example/tool", "v1+2", "tool");
const OLD = ASSET.replace("example/tool", "example/old");
const PACKAGE = npmTarball("@example/tool", "1.0.0");

async function fetchOne(url: string, verify: Verification, garble?: string) {
  await using workplace = await Workplace.open();
  const github = new FakeGitHub();
  github.publish("example/tool", { tag: "v1+2", assets: { tool: CONTENT } });
  github.publish("example/old", { tag: "v1+2", assets: { tool: CONTENT }, withoutDigests: true });
  const versions = { "1.0.0": { tarball: CONTENT }, "2.0.0": { tarball: CONTENT, integrity: "sha1-abc=" } };
  const npm = npmRegistry("npm.example", { "@example/tool": versions });
  await using mirror = await Mirror.open({ ...github.hosts, "npm.example": npm });
  if (garble !== undefined) mirror.fail(garble, "garble");
  vi.stubEnv("npm_config_registry", "https://npm.example/");

  const download: Download = { url, verify, install: binary("usr/bin/tool") };
  const recipe = { description: "", homepage: "", versions: fixed("1.0.0"), downloads: () => [download] };
  const extension = {
    name: "tool",
    folder: workplace.path,
    recipe: { ...recipe, provides: ["usr/bin/tool"] as const },
  };
  const plan: Plan = await planBake(extension, { version: "1.0.0", arch: "x86-64" });
  const kitchen = kitchenFrom({ BAKERY_MIRROR: mirror.url, BAKERY_CACHE: workplace.cache });
  await using fetches = startFetches(plan, kitchen);
  const [record] = await fetches.records;
  const spool = await fetches.all[0]?.spool;
  expect(spool && (await wholeContent(spool.read()))).toEqual(CONTENT);
  return record;
}

afterEach(() => vi.unstubAllEnvs());
const RECORD = { sha256: sha256(CONTENT), size: CONTENT.length };
const OBJECT = "objects.githubusercontent.com/example/tool/v1%2B2/tool";
const TARBALL = "npm.example/tarballs/%40example%2Ftool%40%401.0.0";
const PINS = { "1.0.0": sha256(CONTENT) };

describe("the right bytes pass, and the record says by what", () => {
  it.each<[string, string, Verification, object]>([
    ["githubDigest", ASSET, githubDigest(), { url: ASSET, verifiedBy: "github-digest" }],
    ["npmIntegrity", PACKAGE, npmIntegrity(), { url: PACKAGE, verifiedBy: "npm-integrity" }],
    ["pinned", ASSET, pinned(PINS), { url: ASSET, verifiedBy: "pinned" }],
    [
      "githubDigest where there is one",
      ASSET,
      githubDigest(unverified("too old")),
      { url: ASSET, verifiedBy: "github-digest" },
    ],
    [
      "githubDigest where there is none",
      OLD,
      githubDigest(unverified("too old")),
      { url: OLD, verifiedBy: "unverified", reason: "too old" },
    ],
    ["unverified", ASSET, unverified("nobody says"), { url: ASSET, verifiedBy: "unverified", reason: "nobody says" }],
  ])("%s", async (_, url, verify, record) => {
    expect(await fetchOne(url, verify)).toEqual({ ...RECORD, ...record });
  });
});

describe("other bytes do not pass", () => {
  it.each<[string, string, Verification, string]>([
    ["githubDigest", ASSET, githubDigest(), OBJECT],
    ["npmIntegrity", PACKAGE, npmIntegrity(), TARBALL],
    ["pinned", ASSET, pinned(PINS), OBJECT],
  ])("%s", async (_, url, verify, path) => {
    await expect(fetchOne(url, verify, path)).rejects.toThrow("does not match its published checksum");
  });
});

describe("where nothing vouches for the bytes, that is said before they are fetched", () => {
  it.each<[string, string, Verification, string]>([
    ["an asset without a digest", OLD, githubDigest(), "GitHub states no digest for tool of example/old v1+2"],
    [
      "githubDigest elsewhere",
      "https://example.org/tool",
      githubDigest(),
      "githubDigest() is for files of GitHub releases",
    ],
    ["npmIntegrity elsewhere", ASSET, npmIntegrity(), "npmIntegrity() is for npmTarball(…)"],
    ["a package with a weak hash", npmTarball("@example/tool", "2.0.0"), npmIntegrity(), "npm states no sha512"],
    ["a version without a pin", ASSET, pinned({ "0.9.0": sha256("x") }), "pins no sha256 for 1.0.0"],
    ["a pin that is none", ASSET, pinned({ "1.0.0": "abc" }), "pins no sha256 for 1.0.0"],
  ])("%s", async (_, url, verify, problem) => {
    await expect(fetchOne(url, verify)).rejects.toThrow(problem);
  });
});
