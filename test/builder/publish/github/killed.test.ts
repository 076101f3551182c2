/** Publishers to GitHub that are killed at each of their requests, and several at once. */
import { expect, it } from "vitest";
import { textContent } from "../../../../builder/publish/github/contents.ts";
import { Metadata, TooLate } from "../../../../builder/publish/github/metadata.ts";
import { extensionNotes } from "../../../../builder/publish/github/notes.ts";
import { parseInventory } from "../../../../schema/index.ts";
import { live } from "../lives.ts";
import type { Where } from "../mortal-fetch.ts";
import { GithubSite } from "./site.ts";

async function signedSite(): Promise<GithubSite> {
  const site = await GithubSite.open();
  await site.sign();
  return site;
}

const UPLOAD = /^POST \/api\/uploads\//;

it("killed at any request, it leaves indexes that are true and fit their signatures, and the next run completes the release", async () => {
  await using site = await signedSite();
  const { github } = site;
  const [first, second] = [await site.release("1.0.0"), await site.release("1.2.0")];
  // The one line of the global index that nothing but its signature vouches for.
  await site.publish(await site.release("1.0.0", "other"));
  await site.publish(first);
  const before = structuredClone(github.repository.releases);
  github.take();
  const { requests } = await live(() => site.publish(second));
  const asked = github.take();
  expect(await site.versions()).toEqual(["tool-1.2.0", "tool-1.0.0"]);
  const complete = Object.fromEntries(github.repository.releases.map(({ tag }) => [tag, github.repository.files(tag)]));

  // With half of an upload something stays; with half of any other request it is as if it had not been sent.
  const uploads = asked.filter((line) => UPLOAD.test(line)).slice(0, 4);
  const points = requests.flatMap(({ hasBody }, at) => {
    const isUpload = hasBody && uploads.includes(asked[at] ?? "");
    return ["before", ...(isUpload ? ["inside"] : [])].map((where) => ({ at: at + 1, where: where as Where }));
  });
  const gaps: string[] = [];
  for (const { at, where } of points) {
    const point = `${at} ${where}`;
    github.repository.releases = structuredClone(before);
    expect(await live(() => site.publish(second), { at, where }), point).toMatchObject({ isDead: true });
    const missing = await site.checkIndexes();
    gaps.push(...missing.map((tag) => `${tag} ${point}`));
    await site.publish(second);
    expect(await site.checkIndexes(), point).toEqual([]);
    expect(await site.versions(), point).toEqual(["tool-1.2.0", "tool-1.0.0"]);
    expect(await site.versions("SHA256SUMS"), point).toEqual(["other-1.0.0", "tool-1.2.0", "tool-1.0.0"]);
    expect(
      Object.fromEntries(github.repository.releases.map(({ tag }) => [tag, github.repository.files(tag)])),
      point,
    ).toEqual(complete);
    expect(
      github.repository.releases.filter(({ draft }) => draft),
      point,
    ).toEqual([]);
  }
  // An index is missing where one dies between the two requests that switch its release, and nowhere else.
  expect(gaps.map((gap) => gap.split(" ")[0])).toEqual(["tool", "SHA256SUMS"]);
  console.info(`publishers killed: ${points.length}`);
}, 240_000);

it("killed with the first release of all, the next run completes it", async () => {
  await using site = await GithubSite.open();
  const path = await site.release("1.0.0");
  const { requests } = await live(() => site.publish(path));
  const complete = Object.fromEntries(
    site.github.repository.releases.map(({ tag }) => [tag, site.github.repository.files(tag)]),
  );
  for (let at = 1; at <= requests.length; at += 1) {
    site.github.repository.releases = [];
    await live(() => site.publish(path), { at, where: "before" });
    await site.checkIndexes();
    await site.publish(path);
    expect(await site.checkIndexes(), String(at)).toEqual([]);
    const files = Object.fromEntries(
      site.github.repository.releases.map(({ tag }) => [tag, site.github.repository.files(tag)]),
    );
    expect(files, String(at)).toEqual(complete);
  }
}, 240_000);

it("six at once on one extension, and on as many, lose no line", async () => {
  await using site = await signedSite();
  const versions = ["1.0.0", "1.1.0", "1.2.0"];
  const paths = await Promise.all([
    ...versions.map((version) => site.release(version)),
    ...versions.map((version, at) => site.release(version, `other-${"abc"[at]}`)),
  ]);
  await Promise.all(paths.map((path) => site.publish(path)));
  expect(await site.versions()).toEqual(["tool-1.2.0", "tool-1.1.0", "tool-1.0.0"]);
  expect((await site.versions("SHA256SUMS")).sort()).toEqual(
    ["other-a-1.0.0", "other-b-1.1.0", "other-c-1.2.0", "tool-1.0.0", "tool-1.1.0", "tool-1.2.0"].sort(),
  );
  const inventory = parseInventory((await site.github.download("tool/releases.json"))?.toString());
  expect(inventory.releases).toHaveLength(3);
  expect(site.github.repository.releases.filter(({ draft }) => draft)).toEqual([]);
}, 240_000);

it("two at once with the same release publish it once, with one draft or two", async () => {
  await using site = await GithubSite.open();
  const path = await site.release("1.0.0");
  await Promise.all([site.publish(path), site.publish(path)]);
  expect(site.github.repository.releases.filter(({ tag }) => tag === "tool-1.0.0")).toHaveLength(1);
  expect(await site.versions("SHA256SUMS")).toEqual(["tool-1.0.0"]);
});

it("who comes too late puts nothing, not even where the name is free for a moment", async () => {
  await using site = await GithubSite.open();
  await site.publish(await site.release("1.0.0"));
  const late = await Metadata.open(site.releases, "tool");
  await site.publish(await site.release("1.2.0"));
  // A third one has just deleted what the second one has made.
  site.github.repository.releases = site.github.repository.releases.filter(({ tag }) => tag !== "tool");
  const put = late.put([textContent("SHA256SUMS", "stale\n")], extensionNotes("tool"), async () => []);
  await expect(put).rejects.toThrow(TooLate);
  expect(site.github.repository.find("tool")).toBeUndefined();
});
