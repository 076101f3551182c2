/** Whatever is sent: an answer that says what is wrong, no 500, and nothing written. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { PublishingBakery, type TestRelease, testRelease } from "../support/publishing.ts";
import { emptyStorage } from "../support/storage.ts";

const URL = "k3s/releases/v1.0";
let bakery: PublishingBakery;
let release: TestRelease;

beforeAll(async () => {
  await emptyStorage();
  bakery = await PublishingBakery.open();
  release = await testRelease("k3s", "v1.0");
});

async function expectRefusal(
  method: string,
  path: string,
  request: { body?: object | string; headers?: Record<string, string> },
) {
  const { status, body } = await bakery.ask(method, path, request);
  expect(status, JSON.stringify(body)).toBeGreaterThanOrEqual(400);
  expect(status, JSON.stringify(body)).toBeLessThan(500);
  expect(body.error.message).not.toBe("");
  expect((await env.BUCKET.list()).objects).toEqual([]);
}

/** What stands at each place of a document: `images.0.sha256`. */
function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  const own = path.length === 0 ? [] : [[...path]];
  if (typeof value !== "object" || value === null) return own;
  return [...own, ...Object.entries(value).flatMap(([key, child]) => pathsOf(child, [...path, key]))];
}

function withChange(document: object, path: readonly string[], value: unknown): object {
  const copy = structuredClone(document);
  const parent = path.slice(0, -1).reduce<Record<string, unknown>>((at, key) => at[key] as never, copy as never);
  const last = path.at(-1) ?? "";
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

/** Never what the field has to be. */
const WRONG = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0.5,
    1e300,
    "",
    " ",
    "\n",
    "\u0000",
    "../x",
    "..%2f",
    "ｋ3s",
    [],
    {},
    [[]],
    "x".repeat(2_000),
  ),
  fc.constant(undefined),
  fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }),
);

test("every field of a release manifest, wrong in any way", async () => {
  const { manifest } = release;
  // Free text, lists that may be empty, and what need not be there at all.
  const optional = ["provenance.bundled", "provenance.downloads", "transfers", "transfers.0", "images.0", "images.1"];
  const paths = pathsOf(manifest).filter(
    (path) => !optional.includes(path.join(".")) && path.at(-1) !== "matchPattern",
  );
  expect(paths.length).toBeGreaterThanOrEqual(20);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), WRONG, async (path, value) => {
      const isSize = path.at(-1) === "size" && typeof value === "number" && Number.isInteger(value) && value >= 0;
      fc.pre(!isSize);
      await expectRefusal("POST", URL, { body: withChange(manifest, path, value) });
    }),
    { numRuns: 400 },
  );
});

test("bodies that are no documents, on every route", async () => {
  const routes = [
    ["POST", URL],
    ["POST", `${URL}/commit`],
    ["PUT", "k3s/index"],
    ["PUT", "k3s/global-index"],
    ["POST", `${URL}/yank`],
    ["POST", "k3s/prune"],
  ] as const;
  const body = fc.oneof(fc.json(), fc.string(), fc.constantFrom("[".repeat(10_000), '{"__proto__":1}', "\uFEFF{}"));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...routes), body, async ([method, path], text) => {
      await expectRefusal(method, path, { body: text, headers: { "if-match": '"x"' } });
    }),
    { numRuns: 400 },
  );
});

test("names of extensions, versions and files that lead elsewhere", async () => {
  const name = fc.oneof(
    fc.constantFrom(
      "..",
      ".",
      "%2e%2e",
      "a%2Fb",
      "a%5Cb",
      "a%00b",
      "a%0A",
      "%FF",
      "%",
      "ｋ3s",
      "noop",
      "latest",
      ".drafts",
      "SHA256SUMS",
    ),
    fc.string({ minLength: 1 }).map(encodeURIComponent),
  );
  await fc.assert(
    fc.asyncProperty(name, name, name, async (extension, version, file) => {
      const headers = { "if-match": '"x"' };
      await expectRefusal("PUT", `${extension}/releases/${version}/files/${file}`, { body: "x", headers });
      await expectRefusal("POST", `k3s/releases/${version}x/yank`, { body: { reason: "x" } });
    }),
    { numRuns: 200 },
  );
});
