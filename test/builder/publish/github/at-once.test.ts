/** A publisher to GitHub in whose way another one comes, at each of its requests, with a bake of the same version. */
import { expect, it } from "vitest";
import { parseReleaseManifest, RELEASE_DOCUMENTS } from "../../../../schema/index.ts";
import { sha256 } from "../../../support/sha256.ts";
import type { SyntheticOptions } from "../../../support/synthetic-release.ts";
import { GithubSite } from "./site.ts";

const HOUR_LATER = "2026-11-24T01:00:00Z";

/** @param meanwhile what happens before the request of that number, from 1 @returns how the publication ends */
async function publish(site: GithubSite, path: string, at = 0, meanwhile: () => Promise<void> = async () => {}) {
  let requests = 0;
  site.github.hold = async () => {
    requests += 1;
    if (requests !== at) return;
    site.github.hold = undefined;
    await meanwhile();
  };
  return { end: await outcome(site.publish(path)), requests };
}

async function outcome(publication: Promise<unknown>): Promise<string> {
  return publication.then(
    () => "published",
    (error: Error) => error.message,
  );
}

/** What must be so whoever was first. @returns the release's manifest */
async function examine(site: GithubSite, point: string) {
  const { repository } = site.github;
  expect(await site.checkIndexes(), point).toEqual([]);
  expect(await site.versions("SHA256SUMS"), point).toEqual(["tool-1.0.0"]);
  expect(
    repository.releases.filter(({ draft }) => draft),
    point,
  ).toEqual([]);
  const { assets = [] } = repository.find("tool-1.0.0") ?? {};
  const bytes = (file: string) => assets.find(({ name }) => name === file)?.bytes ?? new Uint8Array();
  const text = (file: string) => Buffer.from(bytes(file)).toString("utf8");
  const manifest = parseReleaseManifest(text("release.json"));
  for (const [file, format] of Object.entries(RELEASE_DOCUMENTS)) expect(text(file), point).toBe(format(manifest));
  for (const { file, sha256: expected } of manifest.images) expect(sha256(bytes(file)), point).toBe(expected);
  return manifest;
}

/** @param check is told how both have ended, the interrupted one first, and at which request */
async function interrupted(more: SyntheticOptions, check: (ends: readonly string[], point: string) => void) {
  await using site = await GithubSite.open();
  const [path, other] = [
    await site.release("1.0.0"),
    await site.release("1.0.0", "tool", { arches: ["x86-64"], ...more }),
  ];
  const { requests } = await publish(site, path);
  for (let at = 1; at <= requests; at += 1) {
    site.github.repository.releases = [];
    let second = "";
    const meanwhile = async () => {
      second = await outcome(site.publish(other));
    };
    const first = await publish(site, path, at, meanwhile);
    check([first.end, second], String(at));
    await examine(site, String(at));
  }
}

it(
  "two bakes of the same bytes: both end well, with the documents of one of them",
  () =>
    interrupted({ builtAt: HOUR_LATER }, (ends, point) => {
      expect(ends, point).toEqual(["published", "published"]);
    }),
  120_000,
);

it(
  "two bakes of other bytes: one ends well, the other one is told, and nothing is a mixture",
  () =>
    interrupted({ seed: "other" }, (ends, point) => {
      expect(ends.toSorted(), point).toEqual([
        expect.stringMatching(/^invalid release: tool-1.0.0 is published already, with other (?:files|images)$/),
        "published",
      ]);
    }),
  120_000,
);
