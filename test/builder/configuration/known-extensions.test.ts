/** What a bakery is asked before machines are configured to follow it: where people read of an extension. */
import { expect, it } from "vitest";
import { Catalog } from "../../../builder/catalog.ts";
import { askBakery, lookUpIn } from "../../../builder/configuration/known-extensions.ts";
import { UpstreamError } from "../../../builder/system/errors.ts";

const URL = "https://bakery.example";
const PAGE = "<!doctype html><title>Not found</title>";

function answering(read: (path: string) => string | undefined) {
  const bytes = async (path: string) => {
    const text = read(path);
    return text === undefined ? undefined : Buffer.from(text);
  };
  return { read: bytes, sha256: async () => undefined };
}

it.each([
  ["a bakery of the worker", (path: string) => (path === "/api/v1/extensions" ? '{"extensions":[]}' : undefined), true],
  ["a folder on a web server", () => undefined, false],
  ["a server that has a page for whatever is asked", () => PAGE, false],
  ["a server that has other JSON for it", (path: string) => (path.startsWith("/api/") ? "null" : undefined), false],
  ["a server that has a list for it", (path: string) => (path.startsWith("/api/") ? "[]" : undefined), false],
])("%s: has pages or has none", async (_, read, hasPages) => {
  expect(await askBakery(URL, answering(read))).toEqual({ url: URL, hasPages, signed: false });
});

it("a server that refuses to say has none, and is followed all the same", async () => {
  const source = answering((path) => {
    if (path.startsWith("/api/")) throw new UpstreamError("403");
    return undefined;
  });
  expect(await askBakery(URL, source)).toMatchObject({ hasPages: false });
});

it("a recipe says where else people read of its extension", async () => {
  const known = await lookUpIn(new Catalog())("vault");
  expect(known?.homepage).toMatch(/^https:\/\//);
});
