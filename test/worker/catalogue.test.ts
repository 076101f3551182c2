/** The front page: what it lists, and that it is only there where there is something to list. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { bakery, standaloneBakery } from "./support/bakery.ts";
import { putIndex } from "./support/files.ts";

const INDEX_KEY = "SHA256SUMS/index.json";
const line = (file: string) => `${"ab".repeat(32)}  ${file}\n`;

test("it lists extensions with their newest version, its images, and how many versions there are more", async () => {
  const files = [
    "docker-compose-2.9.0-x86-64.raw",
    "docker-compose-2.10.0-x86-64.raw",
    "docker-compose-2.10.0-arm64.raw",
    "k3s-v1.32.2+k3s1-x86-64.raw",
  ];
  await putIndex(env.BUCKET, files.map(line).join(""), "SHA256SUMS");
  const response = await bakery().fetch("/");
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");

  const page = await response.text();
  expect(page).toContain(
    'docker-compose</th><td>2.10.0 <a href="/extensions/docker-compose/SHA256SUMS">and 1 more</a>',
  );
  expect(page).toContain('<a href="/extensions/docker-compose/docker-compose-2.10.0-arm64.raw">arm64</a>');
  expect(page).toContain('<a href="/extensions/k3s/k3s-v1.32.2+k3s1-x86-64.raw">x86-64</a>');
  expect(page).toContain('<a href="/extensions/k3s.conf">transfer file</a>');
});

test("it passes over what is no image of an extension, and writes nothing that is markup", async () => {
  await putIndex(env.BUCKET, `${line("<script>alert(1)<script>")}${line("k3s-v1-x86-64.raw")}`, "SHA256SUMS");
  const page = await (await bakery().fetch("/")).text();
  expect(page).not.toContain("script");
  expect(page).toContain("k3s");
});

test("a redirector without an index of its own leaves it to the documentation, or has none", async () => {
  await env.BUCKET.delete(INDEX_KEY);
  await env.INDEX_KV.delete("index/SHA256SUMS");
  expect((await bakery().fetch("/")).headers.get("location")).toBe("https://flatcar.github.io/sysext-bakery/");
  expect((await standaloneBakery().fetch("/")).status).toBe(404);
});
