/** Which versions of bundled software go into an image: those asked for, else what the recipe's defaults find. */
import { expect, it } from "vitest";
import {
  type Bundles,
  defineExtension,
  fixed,
  githubReleases,
  newestOf,
  onlyIfAsked,
  statedAt,
} from "../../../builder/recipe/index.ts";
import { type BundledFor, resolveBundled } from "../../../builder/versions/bundled.ts";
import { fileHost } from "../../support/upstreams/file-host.ts";
import { FakeGitHub } from "../../support/upstreams/github.ts";
import { Asking } from "./asking.ts";

const CNI = newestOf(githubReleases("a/cni"));
const RUNC = statedAt(githubReleases("a/runc"), ({ tag }) => `https://files.example/${tag}/runc-version`);

async function open(stated = "v1.2.5\n") {
  const github = new FakeGitHub();
  github.publish("a/cni", { tag: "v1.6.2" }, { tag: "v1.10.0" }, { tag: "v2.0.0", prerelease: true });
  github.publish("a/none");
  const files = fileHost({ "/v1.0.0/runc-version": stated });
  const asking = await Asking.open({ ...github.hosts, "files.example": files });
  const resolve = (bundled: Bundles, request: Partial<BundledFor> = {}) => {
    const versions = githubReleases("a/b", { prefix: "v" });
    const recipe = defineExtension({ description: "", homepage: "", versions, provides: ["usr/bin/x"], bundled });
    return resolveBundled(recipe, { version: "1.0.0", ...request }, asking.upstreams());
  };
  return { ...{ asking, resolve }, [Symbol.asyncDispose]: () => asking[Symbol.asyncDispose]() };
}

it("are the newest that is listed, the one that upstream states, and none that is bundled only if asked for", async () => {
  await using at = await open();
  const resolved = await at.resolve({ cni: CNI, runc: RUNC, nats: onlyIfAsked(githubReleases("a/nats")) });
  expect(resolved).toEqual({ cni: "v1.10.0", runc: "v1.2.5" });
});

it("are those that are asked for, and nobody else is asked", async () => {
  await using at = await open();
  const given = { cni: "v1.6.2", runc: "1.1.0-rc1", nats: "v2.10.20" };
  expect(await at.resolve({ cni: CNI, runc: RUNC, nats: onlyIfAsked(fixed("v1")) }, { given })).toEqual(given);
  expect(at.asking.mirror.arrivals).toEqual([]);
});

it("may be none of what upstream lists, for it may list what is new later; but are versions", async () => {
  await using at = await open();
  expect(await at.resolve({ cni: CNI }, { given: { cni: "v9.9.9" } })).toEqual({ cni: "v9.9.9" });
  await expect(at.resolve({ cni: CNI }, { given: { cni: "../x" } })).rejects.toMatchObject({
    name: "UsageError",
    message: "no version of cni: ../x",
  });
});

it.each([
  ["a commit", "0079bee1a1f3f2ac1e6e0ddf8b1f0cb1a3c9ab11", "0079bee1a1f3f2ac1e6e0ddf8b1f0cb1a3c9ab11"],
  ["a page", "<!doctype html><p>Sorry</p>", "<!doctype html><p>Sorry</p>"],
  ["nothing", "\n", ""],
  ["two lines", "v1.2.5\nv1.2.6\n", "v1.2.5\nv1.2.6"],
])("are none where upstream states %s: the error says what it states, and how to choose", async (_, text, says) => {
  await using at = await open(text);
  await expect(at.resolve({ runc: RUNC })).rejects.toMatchObject({
    message: "upstream does not say which version of runc it goes with",
    details: { url: "https://files.example/v1.0.0/runc-version", says },
    hint: "--bundle runc=<version>",
  });
  expect(await at.asking.kept()).toEqual([]);
});

it("are an error where nobody lists any", async () => {
  await using at = await open();
  await expect(at.resolve({ x: newestOf(githubReleases("a/none")) })).rejects.toMatchObject({
    message: "the releases of a/none on GitHub list no version of x",
    hint: "--bundle x=<version>",
  });
});
