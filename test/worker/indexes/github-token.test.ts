/** With a token indexes come through GitHub's API, and the token goes nowhere else. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Env } from "../../../worker/env.ts";
import { bakery } from "../support/bakery.ts";
import { INDEX, INDEX_PATH, NEXT_INDEX } from "../support/files.ts";
import { answering, at, Github, REPOSITORY, redirecting } from "../support/github.ts";
import { emptyStorage } from "../support/storage.ts";

const TOKEN = "github_pat_secret";
const API = "api.github.com";
const STORAGE = "objects.githubusercontent.com";
const RELEASE = `https://${API}/repos/${REPOSITORY}/releases/tags/kubernetes`;

let github: Github;
beforeEach(async () => {
  await emptyStorage();
  github = new Github();
  github.publishIndex(INDEX);
});

function isolate(overrides: Partial<Env> = {}) {
  const { fetch, wait } = bakery({ BUCKET: undefined, GITHUB_TOKEN: TOKEN, ...overrides }, { fetch: github.fetch });
  const index = async (path = INDEX_PATH) => {
    const response = await fetch(path);
    return response.status === 200 ? await response.text() : response.status;
  };
  return { fetch, wait, index };
}

/** The hosts that were sent the token, in whatever header. */
function hostsWithToken(): string[] {
  return github
    .takeRequests()
    .filter(({ url, headers }) => `${url} ${JSON.stringify([...headers])}`.includes(TOKEN))
    .map(({ url }) => new URL(url).host);
}

describe("the index", () => {
  test("is the asset of the release, whose bytes lie elsewhere", async () => {
    expect(await isolate().index()).toBe(INDEX);
    expect(github.takeAnswers()).toEqual([`${API} 200`, `${API} 302`, `${STORAGE} 200`]);
  });

  test("costs one 304 while the release is unchanged", async () => {
    const { index, wait } = isolate();
    await index();
    github.takeRequests();
    wait(120);
    expect(await index()).toBe(INDEX);
    expect(github.takeAnswers()).toEqual([`${API} 304`]);
  });

  test("is read anew when it has changed", async () => {
    const { index, wait } = isolate();
    await index();
    github.publishIndex(NEXT_INDEX);
    wait(120);
    expect(await index()).toBe(NEXT_INDEX);
  });

  test("of a release that is not there, or has no index: 404", async () => {
    github.publishIndex(undefined, "docker");
    expect(await isolate().index("/extensions/docker/SHA256SUMS")).toBe(404);
    expect(await isolate().index("/extensions/absent/SHA256SUMS")).toBe(404);
  });

  test("that is not what its digest says is not served", async () => {
    github.fault = at(STORAGE, answering(200, {}, NEXT_INDEX));
    expect(await isolate().index()).toBe(302);
  });

  test("from before GitHub had digests is served", async () => {
    github.publishIndex(INDEX, "kubernetes", { withoutDigests: true });
    expect(await isolate().index()).toBe(INDEX);
  });

  test.each([
    ["is no JSON", "<!doctype html>"],
    ["is null", "null"],
    ["has no assets", "{}"],
    ["has assets that are none", '{"assets": [null, 1, {"name": "SHA256SUMS"}]}'],
  ])("of a release whose description %s: clients are sent to GitHub", async (_name, body) => {
    github.fault = at(RELEASE, answering(200, {}, body));
    expect(await isolate().index()).toBe(302);
  });

  test("of which the API's limit is reached: clients are sent to GitHub, and the API is left alone", async () => {
    const { index, wait } = isolate();
    github.fake.limit = { remaining: 0, reset: Math.ceil(Date.now() / 1000) + 300 };
    expect(await index()).toBe(302);
    github.fake.limit = undefined;
    github.takeRequests();
    wait(290);
    expect(await index()).toBe(302);
    expect(github.takeRequests()).toEqual([]);
    wait(15);
    expect(await index()).toBe(INDEX);
  });
});

describe("the token", () => {
  test("goes to the API, and not to the storage that it leads to", async () => {
    expect(await isolate().index()).toBe(INDEX);
    expect(hostsWithToken()).toEqual([API, API]);
  });

  test("stays with the API where that redirects to itself", async () => {
    const renamed = `https://${API}/repos/flatcar/renamed/releases/tags/kubernetes`;
    github.fake.publish("flatcar/renamed", { tag: "kubernetes", assets: { SHA256SUMS: NEXT_INDEX } });
    github.fault = at(RELEASE, redirecting(renamed));
    expect(await isolate().index()).toBe(NEXT_INDEX);
    expect(hostsWithToken()).toEqual([API, API, API]);
  });

  test.each([
    "https://elsewhere.example/asset",
    "https://api.github.com.elsewhere.example/asset",
    "http://api.github.com/asset",
    "https://api.github.com@elsewhere.example/asset",
  ])("does not go to %s, wherever the release says that its index is", async (url) => {
    github.fault = at(RELEASE, answering(200, {}, JSON.stringify({ assets: [{ name: "SHA256SUMS", url }] })));
    expect(await isolate().index()).toBe(302);
    expect(github.takeAnswers()).toEqual([`${API} 200`]);
  });

  test.each(["https://elsewhere.example/", "http://api.github.com/"])("does not follow to %s", async (location) => {
    github.fault = at(RELEASE, redirecting(location));
    expect(await isolate().index()).toBe(302);
    expect(hostsWithToken()).toEqual([API]);
  });

  test("goes to the API of GITHUB_API_URL", async () => {
    const { index } = isolate({ GITHUB_API_URL: "https://github.example/api/v3" });
    await index();
    expect(github.takeRequests().map(({ url }) => url)).toEqual([
      `https://github.example/api/v3/repos/${REPOSITORY}/releases/tags/kubernetes`,
    ]);
  });

  test("does not show in what clients get", async () => {
    const response = await isolate().fetch("/extensions/absent.conf");
    expect(response.headers.get("location")).not.toContain(TOKEN);
  });
});
