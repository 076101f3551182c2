/** Badges: whatever is asked, an image that says what is known. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { childrenOf, parseXml } from "../support/xml.ts";
import { standaloneBakery } from "./support/bakery.ts";
import { putIndex } from "./support/files.ts";
import { breakable, emptyStorage } from "./support/storage.ts";

beforeEach(emptyStorage);

const INDEX = ["v1.9.3-x86-64", "v1.10.0-x86-64", "v1.9.4-arm64"]
  .map((name) => `${"a".repeat(64)}  kubernetes-${name}.raw\n`)
  .join("");

async function badge(path: string, it = standaloneBakery()) {
  const response = await it.fetch(path);
  const svg = parseXml(await response.text());
  const [title] = childrenOf(svg, "title");
  expect(svg.attributes).toMatchObject({ role: "img", "aria-label": title?.text });
  expect(response.headers.get("content-type")).toBe("image/svg+xml");
  return { status: response.status, title: title?.text, cache: response.headers.get("cache-control"), svg };
}

test.each([
  ["the newest version, by systemd's order", "", "v1.10.0"],
  ["that for an architecture", "?arch=arm64", "v1.9.4"],
  ["that of a minor series", "?series=v1.9", "v1.9.4"],
  ["that of both", "?series=v1.9&arch=x86-64", "v1.9.3"],
])("it has %s", async (_, query, version) => {
  await putIndex(env.BUCKET, INDEX);
  expect(await badge(`/badge/kubernetes.svg${query}`)).toMatchObject({
    status: 200,
    title: `kubernetes: ${version}`,
    cache: "public, max-age=60",
  });
});

test.each([
  ["an extension that is not here", "/badge/k3s.svg", "k3s: unknown"],
  ["an architecture that is none", "/badge/kubernetes.svg?arch=mips", "kubernetes: unknown"],
  ["a series without releases", "/badge/kubernetes.svg?series=v2.0", "kubernetes: unknown"],
  ["an empty series", "/badge/kubernetes.svg?series=", "kubernetes: unknown"],
  ["what is no name, which it does not repeat", "/badge/%3Cscript%3E%01.svg", "extension: unknown"],
  ["a path in a name", "/badge/..%2Fkubernetes.svg", "extension: unknown"],
])("%s is unknown", async (_, path, title) => {
  await putIndex(env.BUCKET, INDEX);
  expect(await badge(path)).toMatchObject({ status: 404, title, cache: "public, max-age=60" });
});

test("a bucket that fails leaves it what is known; where nothing is, it says so and is not kept", async () => {
  await putIndex(env.BUCKET, INDEX);
  const r2 = breakable(env.BUCKET);
  const it = standaloneBakery({ BUCKET: r2.storage });
  await badge("/badge/kubernetes.svg", it);
  r2.broken = true;
  it.wait(600);
  expect(await badge("/badge/kubernetes.svg", it)).toMatchObject({ status: 200, title: "kubernetes: v1.10.0" });
  expect(await badge("/badge/k3s.svg", it)).toMatchObject({
    status: 503,
    title: "k3s: unavailable",
    cache: "no-store",
  });
});

test("its boxes are as wide as what is written in them, and long versions are cut", async () => {
  const version = `1.0-${"W".repeat(100)}`;
  await putIndex(env.BUCKET, `${"a".repeat(64)}  kubernetes-${version}-arm64.raw\n`);
  const { svg, title } = await badge("/badge/kubernetes.svg");
  expect(title).toBe(`kubernetes: ${version}`);
  const texts = svg.children.flatMap((group) => childrenOf(group, "text"));
  expect(texts.map(({ text }) => text)).toEqual(["kubernetes", `${version.slice(0, 39)}…`]);
  const [left = 0, right = 0] = texts.map(({ attributes }) => Number(attributes.textLength));
  // Of k, u, b, e, r, n, e, t, e, s in DejaVu Sans at 11 pixels.
  expect(left).toBe(Math.ceil(6.4 + 7 + 7 + 6.8 + 4.5 + 7 + 6.8 + 4.3 + 6.8 + 5.7));
  expect(Number(svg.attributes.width)).toBe(left + right + 24);
});
