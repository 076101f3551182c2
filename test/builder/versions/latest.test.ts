/** Which versions count as latest, by what a recipe says. */
import { expect, it } from "vitest";
import {
  defineExtension,
  fixed,
  githubReleases,
  kubernetesSchedule,
  type LatestRule,
  matching,
  newest,
  newestPerMinor,
  type VersionSource,
} from "../../../builder/recipe/index.ts";
import { latestVersions } from "../../../builder/versions/latest.ts";
import { fileHost } from "../../support/upstreams/file-host.ts";
import { FakeGitHub } from "../../support/upstreams/github.ts";
import { Asking } from "./asking.ts";
import { NEW_SCHEDULE } from "./schedules.ts";

const recipeOf = (versions: VersionSource, latest?: LatestRule) =>
  defineExtension({ description: "", homepage: "", versions, provides: ["usr/bin/x"], ...(latest && { latest }) });
const VERSIONS = fixed("v1.31.9", "v1.32.2", "v1.32.10", "v1.30.1", "v1.9.9", "v2");

it.each<[string, LatestRule | undefined, string[]]>([
  ["nothing is said", undefined, ["v2"]],
  ["newest()", newest(), ["v2"]],
  ["newestPerMinor()", newestPerMinor(), ["v1.32.10", "v1.31.9", "v1.30.1", "v1.9.9"]],
  ["newestPerMinor({ series: 2 })", newestPerMinor({ series: 2 }), ["v1.32.10", "v1.31.9"]],
  ["newestPerMinor({ series: 9 })", newestPerMinor({ series: 9 }), ["v1.32.10", "v1.31.9", "v1.30.1", "v1.9.9"]],
  ["matching(…)", matching(fixed("v1.31.0", "v1.30.9")), ["v1.31.9", "v1.30.1"]],
  ["matching(…) whose tags have no v", matching(fixed("1.31.0")), ["v1.31.9"]],
  ["matching(…) of what it has not", matching(fixed("v3.0.0")), []],
])("by systemd's order, where %s", async (_, rule, latest) => {
  await using at = await Asking.open();
  expect(await latestVersions(recipeOf(VERSIONS, rule), at.upstreams())).toEqual(latest);
  expect(at.mirror.arrivals).toEqual([]);
});

it("of what is made of Kubernetes, one for each series that is supported; one that is not there yet hides no other", async () => {
  const github = new FakeGitHub();
  const tags = ["v1.31.1+k3s1", "v1.31.1+k3s2", "v1.31.0+k3s9", "v1.29.9+k3s1", "v1.28.14+k3s10", "v1.28.14+k3s9"];
  github.publish("k3s-io/k3s", { tag: "v1.37.0-rc1+k3s1", prerelease: true }, ...tags.map((tag) => ({ tag })));
  const path = "/kubernetes/website/main/data/releases/schedule.yaml";
  await using at = await Asking.open({
    ...github.hosts,
    "raw.githubusercontent.com": fileHost({ [path]: NEW_SCHEDULE }),
  });
  const recipe = recipeOf(githubReleases("k3s-io/k3s"), matching(kubernetesSchedule()));
  expect(await latestVersions(recipe, at.upstreams())).toEqual(["v1.31.1+k3s2", "v1.28.14+k3s10"]);
});

it("is an error that names the other source where that cannot be listed", async () => {
  await using at = await Asking.open();
  const recipe = recipeOf(VERSIONS, matching(kubernetesSchedule()));
  await expect(latestVersions(recipe, at.upstreams())).rejects.toThrow(
    "the schedule of Kubernetes' releases cannot be",
  );
});
