/** Variables are parsed, and a wrong one is named. */
import { expect, test } from "vitest";
import { parseConfig } from "../../worker/env.ts";

const DEFAULTS = { indexTtlSeconds: 60, indexSettleSeconds: 150, maxReleaseBytes: 8 * 1024 ** 3 };

test("nothing set is a bakery of its own", () => {
  expect(parseConfig({})).toEqual(DEFAULTS);
});

test("an empty variable is an unset one", () => {
  const empty = { GITHUB_REPOSITORY: "", GITHUB_SERVER_URL: "", DOCS_URL: "", INDEX_TTL_SECONDS: "" };
  expect(parseConfig(empty)).toEqual(DEFAULTS);
});

test("everything set", () => {
  const config = parseConfig({
    GITHUB_REPOSITORY: "flatcar/sysext-bakery",
    GITHUB_SERVER_URL: "https://github.example/",
    GITHUB_API_URL: "https://github.example/api/v3/",
    GITHUB_TOKEN: "secret",
    DOCS_URL: "https://docs.example/bakery/",
    INDEX_TTL_SECONDS: "0",
    INDEX_SETTLE_SECONDS: "5",
    MAX_RELEASE_BYTES: 1_000,
  });
  expect(config).toEqual({
    github: {
      serverUrl: "https://github.example",
      apiUrl: "https://github.example/api/v3",
      repository: "flatcar/sysext-bakery",
      token: "secret",
    },
    docsUrl: "https://docs.example/bakery",
    indexTtlSeconds: 0,
    indexSettleSeconds: 5,
    maxReleaseBytes: 1_000,
  });
});

test("GitHub is github.com unless it is said otherwise", () => {
  expect(parseConfig({ GITHUB_REPOSITORY: "a/b" }).github).toEqual({
    serverUrl: "https://github.com",
    apiUrl: "https://api.github.com",
    repository: "a/b",
  });
});

test("an index takes effect when all caches have settled: at once where nothing is cached", () => {
  expect(parseConfig({ INDEX_TTL_SECONDS: "300" }).indexSettleSeconds).toBe(630);
  expect(parseConfig({ INDEX_TTL_SECONDS: "0" }).indexSettleSeconds).toBe(0);
});

test("a number may come as one", () => {
  expect(parseConfig({ INDEX_TTL_SECONDS: 5 }).indexTtlSeconds).toBe(5);
});

test.each([
  { GITHUB_REPOSITORY: "sysext-bakery" },
  { GITHUB_REPOSITORY: "https://github.com/flatcar/sysext-bakery" },
  { GITHUB_REPOSITORY: "flatcar/.." },
  { GITHUB_REPOSITORY: "a/b?c" },
  { GITHUB_SERVER_URL: "github.com" },
  { GITHUB_API_URL: "api.github.com" },
  { GITHUB_SERVER_URL: "javascript:alert(1)" },
  { DOCS_URL: "docs" },
  { DOCS_URL: "https://docs.example/?x=1" },
  { INDEX_TTL_SECONDS: "-1" },
  { INDEX_TTL_SECONDS: "1.5" },
  { INDEX_TTL_SECONDS: "1m" },
  { INDEX_TTL_SECONDS: Number.NaN },
  { INDEX_SETTLE_SECONDS: "soon" },
  { MAX_RELEASE_BYTES: "1G" },
])("%j is refused by name", (env) => {
  const [name = ""] = Object.keys(env);
  expect(() => parseConfig(env)).toThrow(name);
});
