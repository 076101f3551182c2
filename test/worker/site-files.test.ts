/** What crawlers, browsers and other sites ask for besides pages. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { DOCUMENTS } from "../../worker/documentation/documents.ts";
import { childrenOf, parseXml } from "../support/xml.ts";
import { bakery, ORIGIN, standaloneBakery } from "./support/bakery.ts";
import { putFile, putIndex } from "./support/files.ts";
import { breakable, emptyStorage } from "./support/storage.ts";

beforeEach(emptyStorage);

const RECENT = ".feed/recent.json";
const line = (file: string) => `${"ab".repeat(32)}  ${file}\n`;
const image = { arch: "x86-64", size: 36, sha256: "ab".repeat(32) };
const release = (version: string, publishedAt: string, more = {}) => ({
  ...{ extension: "k3s", version, publishedAt, images: [image] },
  ...more,
});

async function sitemap(it = standaloneBakery()) {
  const response = await it.fetch("/sitemap.xml");
  const root = parseXml(await response.text());
  // As the protocol's schema has it.
  expect(root).toMatchObject({ name: "urlset", namespace: "http://www.sitemaps.org/schemas/sitemap/0.9" });
  return childrenOf(root, "url").map((url) => url.children.map(({ name, text }) => [name, text]));
}

test("the sitemap has the front page, every extension, with its last news where these are known, and the documents", async () => {
  await putIndex(env.BUCKET, line("k3s-v1.1-x86-64.raw") + line("vim-9.1-arm64.raw"), "SHA256SUMS");
  const yanked = { at: "2026-03-01T00:00:00Z", reason: "broken" };
  const releases = [release("v1.1", "2026-02-01T00:00:00Z"), release("v1.0", "2026-01-01T00:00:00Z", { yanked })];
  await putFile(env.BUCKET, RECENT, JSON.stringify({ schemaVersion: 1, releases }));
  const front = [
    ["loc", `${ORIGIN}/`],
    ["lastmod", "2026-03-01T00:00:00.000Z"],
  ];
  const k3s = [
    ["loc", `${ORIGIN}/catalogue/k3s`],
    ["lastmod", "2026-03-01T00:00:00.000Z"],
  ];
  const vim = [["loc", `${ORIGIN}/catalogue/vim`]];
  const documents = ["/docs", ...DOCUMENTS.map(({ name }) => `/docs/${name}`)].map((path) => [["loc", ORIGIN + path]]);
  expect(await sitemap()).toEqual([front, k3s, vim, ...documents]);

  await putFile(env.BUCKET, RECENT, "garbage");
  expect(await sitemap()).toEqual([front.slice(0, 1), k3s.slice(0, 1), vim, ...documents]);
  const [first] = await sitemap(standaloneBakery({ BAKERY_URL: "https://a.example/b&c" }));
  expect(first).toEqual([["loc", "https://a.example/b&c/"]]);
});

test("without a catalogue the sitemap is the documentation's, and where storage fails nobody's", async () => {
  const docs = "https://flatcar.github.io/sysext-bakery/sitemap.xml";
  expect((await bakery().fetch("/sitemap.xml")).headers.get("location")).toBe(docs);
  expect((await standaloneBakery().fetch("/sitemap.xml")).status).toBe(404);
  const r2 = breakable(env.BUCKET);
  r2.broken = true;
  expect((await standaloneBakery({ BUCKET: r2.storage }).fetch("/sitemap.xml")).status).toBe(503);
});

test("robots.txt keeps crawlers off images and the API, lets them see pages, and names the sitemap", async () => {
  const response = await bakery({ BAKERY_URL: "https://a.example" }).fetch("/robots.txt");
  expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(await response.text()).toBe(`User-agent: *
Disallow: /extensions/*.raw
Disallow: /api/

Sitemap: https://a.example/sitemap.xml
`);
});

test.each(["/favicon.svg", "/favicon.ico"])("%s is the icon", async (path) => {
  const response = await bakery().fetch(path);
  expect(response.headers.get("content-type")).toBe("image/svg+xml");
  expect(parseXml(await response.text())).toMatchObject({ name: "svg", namespace: "http://www.w3.org/2000/svg" });
});

test("the picture of links is a PNG of the size that Open Graph wants, and small", async () => {
  const response = await bakery().fetch("/card.png");
  expect(response.headers.get("content-type")).toBe("image/png");
  const bytes = new DataView(await response.arrayBuffer());
  // https://www.w3.org/TR/png-3/#11IHDR
  expect(bytes.getUint32(0)).toBe(0x89504e47);
  expect([bytes.getUint32(16), bytes.getUint32(20)]).toEqual([1200, 630]);
  expect(bytes.byteLength).toBeLessThan(30 * 1024);
});

test("pages name the picture, the icon and the address that links are to have", async () => {
  await putIndex(env.BUCKET, line("k3s-v1.1-x86-64.raw"), "SHA256SUMS");
  await putIndex(env.BUCKET, line("k3s-v1.1-x86-64.raw"), "k3s");
  const page = await (await standaloneBakery().fetch("/catalogue/k3s")).text();
  for (const element of [
    `<meta property="og:image" content="${ORIGIN}/card.png">`,
    `<meta property="og:url" content="${ORIGIN}/catalogue/k3s">`,
    `<link rel="canonical" href="${ORIGIN}/catalogue/k3s">`,
    `<link rel="icon" type="image/svg+xml" href="/favicon.svg"/>`,
  ]) {
    expect(page).toContain(element);
  }
});

test("what is not there is answered with what may have been meant, where the names are at hand", async () => {
  await putIndex(env.BUCKET, line("k3s-v1.1-x86-64.raw") + line("vim-9.1-arm64.raw"), "SHA256SUMS");
  const it = standaloneBakery();
  const said = async (path: string) => (await it.fetch(path)).text();
  const short = "k2s.conf is not published here\n";
  expect(await said("/extensions/k2s.conf")).toBe(short);
  await it.fetch("/");
  expect(await said("/extensions/k2s.conf")).toBe(`${short}did you mean k3s?\n`);
  expect(await said("/extensions/vmi/SHA256SUMS")).toContain("\ndid you mean vim?\n");
  // Machines probe for these, with names that are right.
  expect(await said("/extensions/k2s/SHA256SUMS.gpg")).not.toContain("mean");
  expect(await said("/extensions/k3s.conf")).toBe("k3s.conf is not published here\n");
});
