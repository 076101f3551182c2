/** The JSON API: what catalogues and installers read. */
import { env } from "cloudflare:workers";
import { safeParse } from "valibot";
import { beforeEach, describe, expect, test } from "vitest";
import { ANSWERS } from "../../schema/api-operations.ts";
import { API_OPERATIONS, formatInventory, formatSha256Sums, type Inventory, indexOf } from "../../schema/index.ts";
import { createApi } from "../../worker/api/routes.ts";
import { bakery, ORIGIN, standaloneBakery } from "./support/bakery.ts";
import { putFile, putIndex } from "./support/files.ts";
import { Github } from "./support/github.ts";
import { breakable, emptyStorage } from "./support/storage.ts";

const bucket = env.BUCKET;
const hash = (digit: string) => digit.repeat(64);

const K3S: Inventory = {
  schemaVersion: 1,
  extension: "k3s",
  releases: [
    {
      version: "v1.33.1+k3s1",
      publishedAt: "2026-11-01T00:00:00Z",
      images: [{ arch: "arm64", size: 30, sha256: hash("3") }],
    },
    {
      version: "v1.32.9+k3s1",
      publishedAt: "2026-10-02T00:00:00Z",
      images: [{ arch: "x86-64", size: 29, sha256: hash("9") }],
      yanked: { at: "2026-10-03T00:00:00Z", reason: "does not start" },
    },
    {
      version: "v1.32.2+k3s1",
      publishedAt: "2026-10-01T00:00:00Z",
      images: [
        { arch: "x86-64", size: 10, sha256: hash("1") },
        { arch: "arm64", size: 20, sha256: hash("2") },
      ],
    },
  ],
};
const MANIFEST = {
  schemaVersion: 1,
  extension: "k3s",
  version: "v1.32.2+k3s1",
  images: [
    {
      file: "k3s-v1.32.2+k3s1-x86-64.raw",
      arch: "x86-64",
      format: "squashfs",
      size: 10,
      sha256: hash("1"),
      inputsDigest: hash("f"),
    },
  ],
  transfers: [],
  provenance: { builtAt: "2026-10-01T00:00:00Z", bundled: {}, downloads: [] },
};

beforeEach(async () => {
  await emptyStorage();
  const index = formatSha256Sums(indexOf(K3S));
  const others = ["btop-1.4.0", "docker-28.0.0"].map((name) => `${hash("a")}  ${name}-x86-64.raw\n`).join("");
  await putFile(bucket, "k3s/releases.json", formatInventory(K3S));
  await putIndex(bucket, index, "k3s");
  await putIndex(bucket, others + index, "SHA256SUMS");
  await putIndex(bucket, `${hash("a")}  btop-1.4.0-x86-64.raw\n`, "btop");
  await putFile(bucket, "k3s-v1.32.2+k3s1/release.json", JSON.stringify(MANIFEST));
});

async function get(path: string, init?: RequestInit) {
  const response = await standaloneBakery().fetch(`/api/v1${path}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}

test("extensions are listed by name, with their newest version", async () => {
  const { body, headers } = await get("/extensions");
  expect(body).toEqual({
    extensions: [
      { name: "btop", version: "1.4.0", arches: ["x86-64"], releases: 1 },
      { name: "docker", version: "28.0.0", arches: ["x86-64"], releases: 1 },
      { name: "k3s", version: "v1.33.1+k3s1", arches: ["arm64"], releases: 2 },
    ],
  });
  expect(headers.get("content-type")).toBe("application/json");
  expect(headers.get("access-control-allow-origin")).toBe("*");
  expect(headers.get("cache-control")).toBe("public, max-age=60");
});

test("lists come in pages, each of which tells how the next is asked for", async () => {
  const first = await get("/extensions?limit=2");
  expect(first.body.extensions.map(({ name }: { name: string }) => name)).toEqual(["btop", "docker"]);
  const second = await get(`/extensions?limit=2&cursor=${encodeURIComponent(first.body.next)}`);
  expect(second.body.extensions.map(({ name }: { name: string }) => name)).toEqual(["k3s"]);
  expect(second.body).not.toHaveProperty("next");

  const releases = await get("/extensions/k3s/releases?limit=1");
  const rest = await get(`/extensions/k3s/releases?cursor=${encodeURIComponent(releases.body.next)}`);
  const versions = [...releases.body.releases, ...rest.body.releases].map(({ version }) => version);
  expect(versions).toEqual(["v1.33.1+k3s1", "v1.32.9+k3s1", "v1.32.2+k3s1"]);
});

test("an extension has its series, each with an index to follow", async () => {
  expect((await get("/extensions/k3s")).body).toEqual({
    name: "k3s",
    version: "v1.33.1+k3s1",
    arches: ["arm64"],
    releases: 2,
    series: [
      { name: "v1.33", version: "v1.33.1+k3s1", index: `${ORIGIN}/extensions/k3s/v1.33/SHA256SUMS` },
      { name: "v1.32", version: "v1.32.2+k3s1", index: `${ORIGIN}/extensions/k3s/v1.32/SHA256SUMS` },
    ],
    links: {
      index: `${ORIGIN}/extensions/k3s/SHA256SUMS`,
      transfer: `${ORIGIN}/extensions/k3s.conf`,
      releases: `${ORIGIN}/api/v1/extensions/k3s/releases`,
      atomFeed: `${ORIGIN}/extensions/k3s/feed.atom`,
      jsonFeed: `${ORIGIN}/extensions/k3s/feed.json`,
    },
  });
});

test("releases say why they were withdrawn", async () => {
  const { body } = await get("/extensions/k3s/releases");
  expect(body.releases[1]).toMatchObject({ version: "v1.32.9+k3s1", yanked: { reason: "does not start" } });
  expect(body.releases[2].images[1]).toEqual({
    arch: "arm64",
    file: "k3s-v1.32.2+k3s1-arm64.raw",
    url: `${ORIGIN}/extensions/k3s/k3s-v1.32.2+k3s1-arm64.raw`,
    sha256: hash("2"),
    size: 20,
  });
});

test.each([
  ["", "v1.32.2+k3s1", "x86-64"],
  ["?arch=arm64", "v1.33.1+k3s1", "arm64"],
  ["?arch=arm64&series=v1.32", "v1.32.2+k3s1", "arm64"],
])("latest%s is what the index names: never a withdrawn one", async (query, version, arch) => {
  expect((await get(`/extensions/k3s/latest${query}`)).body).toMatchObject({ version, arch, size: expect.any(Number) });
});

test.each(["v1.32.2+k3s1", "v1.32.2%2Bk3s1"])("the release manifest of %s is served as it is", async (version) => {
  expect((await get(`/extensions/k3s/releases/${version}`)).body).toEqual(MANIFEST);
});

test("an extension without an inventory is known by its index, without sizes", async () => {
  const { body } = await get("/extensions/btop/releases");
  expect(body.releases).toEqual([
    {
      version: "1.4.0",
      images: [
        {
          arch: "x86-64",
          file: "btop-1.4.0-x86-64.raw",
          url: `${ORIGIN}/extensions/btop/btop-1.4.0-x86-64.raw`,
          sha256: hash("a"),
        },
      ],
    },
  ]);
});

test("it knows GitHub's extensions too", async () => {
  await emptyStorage();
  const upstream = new Github();
  upstream.publishIndex(`${hash("c")}  nebula-v1.9.0-arm64.raw\n`, "SHA256SUMS");
  upstream.publishIndex(`${hash("c")}  nebula-v1.9.0-arm64.raw\n`, "nebula");
  const { fetch } = bakery({}, { fetch: upstream.fetch });
  expect(await (await fetch("/api/v1/catalog/contents")).json()).toEqual([{ name: "nebula", type: "dir" }]);
  expect(await (await fetch("/api/v1/extensions/nebula/latest?arch=arm64")).json()).toMatchObject({
    version: "v1.9.0",
  });
});

describe("errors are JSON that says what to do", () => {
  test.each([
    ["/extensions/nebula", 404, "not_found", "there is no extension nebula"],
    ["/extensions/k3s/latest?series=v1.99", 404, "not_found", "there is no image of k3s v1.99 for x86-64"],
    ["/extensions/k3s/releases/v9", 404, "not_found", "there is no release manifest of k3s-v9"],
    ["/nothing", 404, "not_found", "there is no /api/v1/nothing in this API"],
    ["/extensions/K3S", 400, "bad_request", '"K3S" is no name of an extension'],
    ["/extensions/k3s/releases/latest", 400, "bad_request", '"latest" is no version'],
    ["/extensions/k3s/latest?arch=amd64", 400, "bad_request", 'arch: "amd64" is no architecture'],
    ["/extensions/k3s/latest?series=1", 400, "bad_request", 'series: "1" is no minor series'],
    ["/extensions?limit=0", 400, "bad_request", 'limit: "0" is no number from 1 to 200'],
    ["/extensions?limit=1e9", 400, "bad_request", 'limit: "1e9" is no number from 1 to 200'],
  ])("%s: %i", async (path, status, code, message) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("other methods are not allowed", async () => {
    const { status, headers, body } = await get("/extensions", { method: "POST" });
    expect([status, headers.get("allow"), body.error.code]).toEqual([405, "GET, HEAD", "method_not_allowed"]);
  });

  test("a storage that fails is 503, without its words", async () => {
    const r2 = breakable(bucket);
    r2.broken = true;
    const response = await standaloneBakery({ BUCKET: r2.storage }).fetch("/api/v1/extensions/k3s");
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("30");
    expect(await response.text()).not.toContain("secret");
  });

  test("an inventory that cannot be read is 503 and not an empty list", async () => {
    await putFile(bucket, "k3s/releases.json", "{}");
    expect((await get("/extensions/k3s/releases")).status).toBe(503);
  });
});

test("what has not changed is not sent again, and HEAD sends nothing", async () => {
  const { headers } = await get("/extensions");
  const etag = headers.get("etag") ?? "";
  expect((await get("/extensions", { headers: { "if-none-match": etag } })).status).toBe(304);
  const head = await get("/extensions", { method: "HEAD" });
  expect([head.status, head.body, head.headers.get("etag")]).toEqual([200, undefined, etag]);
});

test("pages of other origins may ask", async () => {
  const { status, headers } = await get("/extensions", {
    method: "OPTIONS",
    headers: { origin: "https://installer.example", "access-control-request-method": "GET" },
  });
  expect(status).toBe(204);
  expect(headers.get("access-control-allow-methods")).toBe("GET,HEAD");
});

describe("the OpenAPI document", () => {
  const EXAMPLES: Record<string, string> = {
    "/extensions": "/extensions?limit=1",
    "/extensions/{extension}": "/extensions/k3s",
    "/extensions/{extension}/releases": "/extensions/k3s/releases",
    "/extensions/{extension}/releases/{version}": "/extensions/k3s/releases/v1.32.2+k3s1",
    "/extensions/{extension}/latest": "/extensions/k3s/latest",
    "/catalog/contents": "/catalog/contents",
  };

  test("describes every route, and no other", async () => {
    const { body } = await get("/openapi.json");
    expect(body.openapi).toBe("3.1.0");
    expect(body.servers).toEqual([{ url: `${ORIGIN}/api/v1` }]);
    const described = Object.entries<object>(body.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    const routes = createApi()
      .routes.filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`);
    expect(described.sort()).toEqual(routes.filter((route) => route !== "get /openapi.json").sort());
    expect(API_OPERATIONS).toHaveLength(described.length);
  });

  test.each(Object.entries(EXAMPLES))("describes what %s answers", async (path, example) => {
    const { body: document } = await get("/openapi.json");
    const { status, body } = await get(example);
    expect(status).toBe(200);
    const { $ref } = document.paths[path].get.responses["200"].content["application/json"].schema;
    const name = $ref.split("/").at(-1);
    expect(document.components.schemas).toHaveProperty(name);
    // The document is made of these, which refuse fields that they do not know.
    const schema = ANSWERS[name as keyof typeof ANSWERS];
    expect(safeParse(schema, body).issues).toBeUndefined();
    expect(safeParse(schema, { unheard: "of" }).success).toBe(false);
  });
});
