/** What bakeries serve of which some parts are missing, and what the cron trigger keeps ready. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { NOOP_TRANSFER } from "../../../schema/index.ts";
import type { Env } from "../../../worker/env.ts";
import { bakery } from "../support/bakery.ts";
import {
  IMAGE_KEY,
  IMAGE_PATH,
  INDEX,
  INDEX_PATH,
  NEXT_INDEX,
  putIndex,
  TRANSFER_KEY,
  TRANSFER_PATH,
} from "../support/files.ts";
import { Github, REPOSITORY, unreachable } from "../support/github.ts";
import { emptyStorage } from "../support/storage.ts";

const DOWNLOADS = `https://github.com/${REPOSITORY}/releases/download`;
/** Two series; the newest version is the last line, and has one architecture. */
const SERIES_INDEX = [
  `${"a".repeat(64)}  kubernetes-v1.32.2-arm64.raw\n`,
  `${"b".repeat(64)}  kubernetes-v1.32.2-x86-64.raw\n`,
  `${"c".repeat(64)}  kubernetes-v1.33.0-x86-64.raw\n`,
] as const;

let github: Github;
beforeEach(async () => {
  await emptyStorage();
  github = new Github();
  github.publishIndex(INDEX);
});

function isolate(overrides: Partial<Env> = {}) {
  return bakery({ BUCKET: undefined, ...overrides }, { fetch: github.fetch });
}

/** The text, or where the answer leads, or its status. */
async function get({ fetch }: ReturnType<typeof isolate>, path = INDEX_PATH) {
  const response = await fetch(path);
  return response.status === 200 ? await response.text() : (response.headers.get("location") ?? response.status);
}

describe("a bakery without R2", () => {
  test("serves GitHub's index, and leads to GitHub for the files", async () => {
    expect(await get(isolate())).toBe(INDEX);
    expect(await get(isolate(), IMAGE_PATH)).toBe(`${DOWNLOADS}/${IMAGE_KEY}`);
    expect(await get(isolate(), TRANSFER_PATH)).toBe(`${DOWNLOADS}/${TRANSFER_KEY}`);
    expect(await get(isolate(), "/extensions/noop.conf")).toBe(NOOP_TRANSFER);
  });

  test.each(["SHA256SUMS.gpg", "SHA256SUMS.asc", "SHA256SUMS.sha256.asc"])("has no %s", async (name) => {
    expect(await get(isolate(), `/extensions/kubernetes/${name}`)).toBe(404);
    github.fault = unreachable;
    expect(await get(isolate(), `/extensions/kubernetes/${name}`)).toBe(404);
  });

  test("shows one series of GitHub's index", async () => {
    github.publishIndex(SERIES_INDEX.join(""));
    expect(await get(isolate(), "/extensions/kubernetes/v1.32/SHA256SUMS")).toBe(SERIES_INDEX[0] + SERIES_INDEX[1]);
    expect(await get(isolate(), "/extensions/kubernetes/v1.33/SHA256SUMS")).toBe(SERIES_INDEX[2]);
    expect(await get(isolate(), "/extensions/kubernetes/v1.34/SHA256SUMS")).toBe(404);
  });

  test.each([
    ["latest/x86-64.raw", "/extensions/kubernetes/kubernetes-v1.33.0-x86-64.raw"],
    ["latest/arm64.raw", "/extensions/kubernetes/kubernetes-v1.32.2-arm64.raw"],
    ["v1.32/latest/x86-64.raw", "/extensions/kubernetes/kubernetes-v1.32.2-x86-64.raw"],
    ["v1.33/latest/arm64.raw", 404],
    ["v1.34/latest/arm64.raw", 404],
  ])("finds the newest image in GitHub's index: %s", async (path, location) => {
    github.publishIndex(SERIES_INDEX.join(""));
    expect(await get(isolate(), `/extensions/kubernetes/${path}`)).toBe(location);
  });

  test.each(["v1.32/SHA256SUMS", "latest/x86-64.raw"])(
    "says 503 to %s while GitHub cannot be reached, for GitHub has no such file to lead to",
    async (path) => {
      github.fault = unreachable;
      const response = await isolate().fetch(`/extensions/kubernetes/${path}`);
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).not.toBeNull();
    },
  );

  test("does without KV as well", async () => {
    expect(await get(isolate({ INDEX_KV: undefined }))).toBe(INDEX);
  });
});

test("a bakery without GITHUB_REPOSITORY does not ask GitHub, with a token or without", async () => {
  const standalone = isolate({ BUCKET: env.BUCKET, GITHUB_REPOSITORY: "", GITHUB_TOKEN: "token" });
  expect(await get(standalone)).toBe(404);
  expect(await get(standalone, IMAGE_PATH)).toBe(404);
  standalone.wait(60);
  await putIndex(env.BUCKET, NEXT_INDEX);
  expect(await get(standalone)).toBe(NEXT_INDEX);
  expect(github.takeRequests()).toEqual([]);
});

describe("the cron trigger", () => {
  const OTHER_PATH = "/extensions/docker/SHA256SUMS";
  const OTHER_INDEX = `${"d".repeat(64)}  docker-28.0.4-x86-64.raw\n`;

  /** Docker's index was used an hour before that of kubernetes, which was used just now. */
  async function used() {
    github.publishIndex(OTHER_INDEX, "docker");
    const isolate1 = isolate();
    await get(isolate1, OTHER_PATH);
    isolate1.wait(3601);
    await get(isolate1);
    github.takeRequests();
    return isolate1;
  }

  test("reads anew what was used within the hour, and leaves the rest", async () => {
    const { refresh } = await used();
    await refresh();
    const paths = github.takeRequests().map(({ url }) => new URL(url).pathname);
    expect(paths.some((path) => path.includes("/kubernetes/"))).toBe(true);
    expect(paths.some((path) => path.includes("/docker/"))).toBe(false);
  });

  test("has the new index ready for isolates that start", async () => {
    await get(isolate());
    github.publishIndex(NEXT_INDEX);
    const cron = isolate();
    cron.wait(600);
    await cron.refresh();
    github.takeRequests();
    const started = isolate();
    started.wait(600);
    expect(await get(started)).toBe(NEXT_INDEX);
    expect(github.takeRequests()).toEqual([]);
  });

  test("does not count as use: an index of which nobody asks is left alone after an hour", async () => {
    await get(isolate());
    const cron = isolate();
    for (let minutes = 0; minutes <= 60; minutes += 10) {
      await cron.refresh();
      cron.wait(600);
    }
    github.takeRequests();
    await cron.refresh();
    expect(github.takeRequests()).toEqual([]);
  });

  test("leaves the copies as they are while GitHub cannot be reached", async () => {
    await get(isolate());
    github.fault = unreachable;
    const cron = isolate();
    cron.wait(600);
    await cron.refresh();
    const started = isolate();
    started.wait(600);
    expect(await get(started)).toBe(INDEX);
  });

  test("does nothing without KV", async () => {
    await isolate({ INDEX_KV: undefined }).refresh();
    expect(github.takeRequests()).toEqual([]);
  });
});
