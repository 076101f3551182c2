/** Configurations for machines, as the API gives them out: of what the bakery has, and no other. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { type ExtensionProfile, formatExtensionProfile } from "../../schema/index.ts";
import { ORIGIN, standaloneBakery } from "./support/bakery.ts";
import { putFile, putIndex } from "./support/files.ts";
import { breakable, emptyStorage } from "./support/storage.ts";

const bucket = env.BUCKET;
const hash = (digit: string) => digit.repeat(64);
const line = (digit: string, file: string) => `${hash(digit)}  ${file}.raw\n`;

function profile(extension: string, host: ExtensionProfile["host"]): string {
  return formatExtensionProfile({
    schemaVersion: 1,
    extension,
    version: "1.2.0",
    description: "x",
    homepage: "https://example.org",
    readme: "",
    transfers: ["every-version"],
    host,
  });
}

beforeEach(async () => {
  await emptyStorage();
  const docker = line("1", "docker-1.2.0-x86-64") + line("2", "docker-1.1.0-x86-64") + line("3", "docker-1.1.0-arm64");
  await putIndex(bucket, docker, "docker");
  const k3s = line("4", "k3s-v1.32.2+k3s1-x86-64") + line("5", "k3s-v1.32.2+k3s1-arm64");
  await putIndex(bucket, k3s, "k3s");
  const host = { activation: { restart: ["docker.service"] }, needs: [{ extension: "k3s", version: "v1.0.0" }] };
  await putFile(bucket, "docker/extension.json", profile("docker", host));
});

async function get(path: string, init?: RequestInit) {
  const response = await standaloneBakery().fetch(`/api/v1/extensions/${path}`, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test("the newest version is taken with its hash, and what it needs comes first", async () => {
  const { status, headers, text } = await get("docker/config?format=ignition");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("application/json");
  expect(headers.get("content-disposition")).toBeNull();
  const { storage, systemd } = JSON.parse(text);
  expect(storage.files.slice(0, 3)).toEqual([
    {
      path: "/opt/extensions/k3s/k3s-v1.32.2+k3s1-x86-64.raw",
      mode: 0o644,
      contents: {
        source: `${ORIGIN}/extensions/k3s/k3s-v1.32.2%2Bk3s1-x86-64.raw`,
        verification: { hash: `sha256-${hash("4")}` },
      },
    },
    // Nobody has published a transfer file that is known of.
    expect.objectContaining({
      path: "/etc/sysupdate.k3s.d/k3s.conf",
      contents: { source: expect.stringMatching(/^data:,/) },
    }),
    expect.objectContaining({
      contents: { source: expect.any(String), verification: { hash: `sha256-${hash("1")}` } },
    }),
  ]);
  const dropins = systemd.units.find(({ name }: { name: string }) => name === "systemd-sysupdate.service").dropins;
  expect(dropins[1].contents).toContain("systemctl restart docker.service");
});

test.each([
  ["version=1.1&arch=arm64", hash("3")],
  ["version=1.1.0", hash("2")],
  ["", hash("1")],
])("docker?%s is the image with its hash", async (query, sha256) => {
  expect((await get(`docker/config?${query}`)).text).toContain(`hash: sha256-${sha256}\n`);
});

test.each([
  ["butane", "docker.yaml", /^variant: flatcar\n/],
  ["shell", "docker.sh", /^#!\/bin\/sh\n/],
  ["ansible", "docker.tasks.yaml", /^- name: /m],
])("download=1 has a browser keep %s as %s", async (format, file, pattern) => {
  const { headers, text } = await get(`docker/config?format=${format}&download=1`);
  expect(headers.get("content-disposition")).toBe(`attachment; filename="${file}"`);
  expect(text).toMatch(pattern);
});

test("it has an entity tag, so that asking again costs nothing", async () => {
  const { headers } = await get("docker/config");
  const again = await get("docker/config", { headers: { "if-none-match": headers.get("etag") ?? "" } });
  expect(again).toMatchObject({ status: 304, text: "" });
});

describe("a choice that cannot be is refused, by the parameter's name", () => {
  test.each([
    ["version=9.9.9", "invalid version: docker has no 9.9.9 (the newest for x86-64 is 1.2.0)"],
    [
      "version=1.2.0&arch=arm64",
      "invalid version: docker 1.2.0 has no image for arm64 (the newest for arm64 is 1.1.0)",
    ],
    ["arch=mips", 'invalid arch: "mips" (allowed: x86-64, arm64)'],
    ["follow=none", 'invalid follow: "none" (allowed: advised, every, series, off)'],
    ["systemd=1", 'invalid systemd: "1" (allowed: 251 to 999)'],
    ["with=unheard", "invalid with: there is no unheard in this bakery"],
    ["with=docker", "invalid with: docker is there twice"],
    ["verify=true", "invalid verify: this bakery signs no index, so machines would refuse them all"],
    ["folow=off", /^invalid parameter: "folow" \(allowed: version, with,/],
    ["download=yes", 'download: "yes" (allowed: 1)'],
  ])("%s", async (query, message) => {
    const { status, text } = await get(`docker/config?${query}`);
    expect(status).toBe(400);
    expect(JSON.parse(text).error.message).toEqual(
      typeof message === "string" ? message : expect.stringMatching(message),
    );
  });
});

test("there is none of an extension that is not there, and no guess where storage fails", async () => {
  expect((await get("unheard/config")).status).toBe(404);
  const broken = breakable(bucket);
  broken.broken = true;
  const response = await standaloneBakery({ BUCKET: broken.storage }).fetch("/api/v1/extensions/docker/config");
  expect(response.status).toBe(503);
});
