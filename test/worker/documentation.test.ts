/** The documentation's pages: all of docs/, with links that lead somewhere, and the bakery's own address. */
import { describe, expect, test } from "vitest";
import { DOCUMENTS } from "../../worker/documentation/documents.ts";
import { bakery } from "./support/bakery.ts";

const BASE = "https://bakery.example.net";
const it = bakery({ BAKERY_URL: BASE });

async function page(path: string) {
  const response = await it.fetch(path);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const idsOf = (text: string) => [...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
const pages = new Map<string, Awaited<ReturnType<typeof page>>>();
for (const { name } of DOCUMENTS) pages.set(`/docs/${name}`, await page(`/docs/${name}`));

test("has all documents on its shelves", async () => {
  const { status, text } = await page("/docs");
  expect(status).toBe(200);
  for (const { name, title } of DOCUMENTS) expect(text).toContain(`<a href="/docs/${name}">${title}</a>`);
});

describe.each(DOCUMENTS)("$name", ({ name, title }) => {
  const { status, headers, text } = pages.get(`/docs/${name}`) ?? { status: 0, headers: new Headers(), text: "" };

  test("is a page like all others", () => {
    expect(status).toBe(200);
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
    expect(text).toContain(`<h1>${title}</h1>`);
    expect(text).toContain(`<a href="/docs/${name}" aria-current="page">`);
    expect(text).not.toMatch(/<script(?! src="\/assets\/)| style="/);
  });

  test("gives each heading a name of its own, and links to pages and headings that are there", () => {
    expect(new Set(idsOf(text)).size).toBe(idsOf(text).length);
    for (const [, target = ""] of text.matchAll(/<a (?:rel="\w+" )?href="([^"]*)"/g)) {
      const { origin, pathname, hash } = new URL(target, `${BASE}/docs/${name}`);
      if (origin !== BASE || pathname === "/" || pathname.startsWith("/catalogue/") || pathname.startsWith("/api/"))
        continue;
      if (pathname === "/docs") continue;
      const there = pages.get(pathname);
      expect(there?.status, target).toBe(200);
      if (hash !== "") expect(idsOf(there?.text ?? ""), target).toContain(decodeURIComponent(hash.slice(1)));
    }
  });

  test("names the bakery that shows it", () => {
    expect(text).not.toContain("extensions.example.org");
  });
});

test("has commands that work as they are copied", () => {
  expect(pages.get("/docs/use-an-extension")?.text).toContain(`${BASE}/extensions/`);
});

test("asked for by another name says which one may be meant", async () => {
  const { status, headers, text } = await page("/docs/opperate");
  expect([status, headers.get("cache-control")]).toEqual([404, "no-store"]);
  expect(text).toContain('<a href="/docs/operate">Operate</a>');
  expect((await page("/docs/trust.md")).text).toContain('<a href="/docs/trust">Trust</a>');
});

test("is linked from every page", () => {
  for (const { text } of pages.values()) expect(text).toContain('<a href="/docs">Documentation</a>');
});
