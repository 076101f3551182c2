/** What is the same for every route: methods, nonsense, the way to the documentation, failures. */
import { env, exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { bakery, standaloneBakery } from "./support/bakery.ts";
import { IMAGE_KEY, IMAGE_PATH, INDEX_PATH, putFile } from "./support/files.ts";
import { breakable } from "./support/storage.ts";

test("the worker's entry serves", async () => {
  const response = await exports.default.fetch("https://bakery.example/healthz");
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("ok\n");
  expect(response.headers.get("cache-control")).toBe("no-store");
});

test("the worker's entry streams what is larger than memory likes to copy", async () => {
  const megabytes = 12;
  await putFile(env.BUCKET, IMAGE_KEY, "x".repeat(megabytes * 1024 ** 2));
  const response = await exports.default.fetch(`https://bakery.example${IMAGE_PATH}`);
  expect(response.headers.get("content-length")).toBe(String(megabytes * 1024 ** 2));
  expect((await response.bytes()).length).toBe(megabytes * 1024 ** 2);
});

test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])("%s is not allowed", async (method) => {
  for (const path of [IMAGE_PATH, "/healthz", "/anything"]) {
    const response = await bakery().fetch(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
    expect(await response.text()).toBe("only GET and HEAD are allowed here\n");
  }
});

test.each(["/extensions/100%.conf", "/%", "/extensions/k%2-x86-64.raw"])("%s: 400", async (path) => {
  const response = await bakery().fetch(path);
  expect(response.status).toBe(400);
  expect(await response.text()).toBe("malformed escape in the path: a percent sign is written %25\n");
  expect(response.headers.get("cache-control")).toBe("no-store");
});

test("a URL that is longer than any has to be is refused", async () => {
  const response = await bakery().fetch(`/extensions/${"x".repeat(8_000)}`);
  expect(response.status).toBe(414);
  expect(response.headers.get("cache-control")).toBe("no-store");
});

describe("what is no file of a bakery", () => {
  test.each(["/", "/index.html?a=b%20c&d", "/extensions//x%2Fy", "/caf%E9", `/${"a/".repeat(2000)}`])(
    "%s goes to the documentation as it is",
    async (path) => {
      const response = await bakery().fetch(path);
      expect(response.status).toBe(302);
      expect(response.headers.get("location")).toBe(`https://flatcar.github.io/sysext-bakery${path}`);
    },
  );

  test("is 404 where there is no documentation", async () => {
    const response = await standaloneBakery().fetch("/index.html");
    expect(response.status).toBe(404);
    expect(await response.text()).toBe("not found\n");
  });
});

describe("failures", () => {
  test.each([IMAGE_PATH, INDEX_PATH, "/extensions/kubernetes.conf", "/extensions/kubernetes/SHA256SUMS.gpg"])(
    "%s: 503 where R2 fails, also where GitHub could be asked, and nothing of the inside gets out",
    async (path) => {
      const r2 = breakable(env.BUCKET);
      r2.broken = true;
      for (const method of ["GET", "HEAD"]) {
        const response = await bakery({ BUCKET: r2.storage }).fetch(path, { method });
        expect(response.status).toBe(503);
        expect(response.headers.get("cache-control")).toBe("no-store");
        expect(response.headers.get("retry-after")).toBe("30");
        expect(response.headers.get("x-content-type-options")).toBe("nosniff");
        expect(await response.text()).not.toMatch(/secret|R2|kubernetes/);
      }
    },
  );

  test("a wrong variable: 500 for everything, the health check too, without saying which", async () => {
    for (const path of ["/healthz", IMAGE_PATH]) {
      const response = await bakery({ DOCS_URL: "nonsense" }).fetch(path);
      expect(response.status).toBe(500);
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(await response.text()).toBe("internal error\n");
    }
  });
});
