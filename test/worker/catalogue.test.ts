/** The pages: what they show, that nothing of it is markup, and that they stay up when storage does not. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { type ExtensionProfile, formatExtensionProfile } from "../../schema/index.ts";
import { ENHANCEMENT, STYLESHEET } from "../../worker/catalogue/assets.ts";
import { bakery, standaloneBakery } from "./support/bakery.ts";
import { putIndex } from "./support/files.ts";
import { PublishingBakery, testRelease } from "./support/publishing.ts";
import { emptyStorage } from "./support/storage.ts";

const INDEX_KEY = "SHA256SUMS/index.json";
const line = (file: string) => `${"ab".repeat(32)}  ${file}\n`;
const HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(1)">';

function profile(extension: string, more: Partial<ExtensionProfile> = {}): ExtensionProfile {
  return {
    schemaVersion: 1,
    ...{ extension, version: "v1.0.0", description: `What ${extension} is`, homepage: "https://example.org/" },
    ...{ kind: "orchestration", verifiedBy: ["checksum-file"], readme: `# ${extension}\n\nIt runs.\n` },
    ...{ transfers: ["every-version"], host: { activation: "reboot" } },
    ...more,
  };
}

let it: PublishingBakery;
beforeEach(async () => {
  await emptyStorage();
  it = await PublishingBakery.open();
});

async function published(extension: string, version: string, more: Partial<ExtensionProfile> = {}): Promise<void> {
  await it.commitWhole(await testRelease(extension, version));
  const body = formatExtensionProfile(profile(extension, { version, ...more }));
  expect((await it.ask("PUT", `${extension}/profile`, { body })).status).toBe(200);
  await it.index(extension);
}

async function page(path: string) {
  const response = await it.bakery.fetch(path);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const rowsOf = (text: string) =>
  [...text.matchAll(/<a href="\/catalogue\/([a-z0-9-]+)">\1<\/a>/g)].map(([, name]) => name);

describe("the list", () => {
  test("has what machines get of each extension, and what it is", async () => {
    await published("k3s", "v1.2.0");
    await published("k3s", "v1.10.0");
    await published("htop", "3.4.0", { kind: "diagnostics", description: "Processes" });
    const { status, headers, text } = await page("/");
    expect([status, headers.get("content-type"), headers.get("cache-control")]).toEqual([
      ...[200, "text/html; charset=utf-8", "public, max-age=60"],
    ]);
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'self'; script-src 'self';/);
    expect(text).not.toMatch(/<script(?! src="\/assets\/)| style="| on[a-z]+="/);
    expect(rowsOf(text)).toEqual(["htop", "k3s"]);
    expect(text).toContain("What k3s is");
    expect(text).toMatch(/<td>v1\.10\.0<\/td><td[^>]*>2[0-9-]{9}</);
    expect(text).toContain("upstream&#39;s checksum file");
    expect(text).toContain('<a href="/catalogue/k3s/v1.10.0">k3s v1.10.0</a>');
  });

  test.each([
    ["?q=proc", ["htop"]],
    ["?q=what+k3s", ["k3s"]],
    ["?kind=diagnostics", ["htop"]],
    ["?arch=arm64&sort=newest", ["k3s", "htop"]],
    ["?kind=nonsense&sort=nonsense", ["htop", "k3s"]],
    ["?q=nothing+like+it", []],
  ])("finds by its address, without a script: %s", async (query, found) => {
    await published("htop", "3.4.0", { kind: "diagnostics", description: "Processes" });
    it.bakery.wait(60);
    await published("k3s", "v1.2.0");
    expect(rowsOf((await page(`/${query}`)).text)).toEqual(found);
  });

  test("has what only an index names, and says what is not known of it", async () => {
    const files = ["docker-compose-2.9.0-x86-64.raw", "docker-compose-2.10.0-arm64.raw", "<b>", "k3s-v1-x86-64.raw"];
    await putIndex(env.BUCKET, files.map(line).join(""), "SHA256SUMS");
    const { text } = await page("/");
    expect(rowsOf(text)).toEqual(["docker-compose", "k3s"]);
    expect(text).toContain("2.10.0");
    expect(text).toContain("unknown");
  });

  test("has what is told anew of an extension, without a new release", async () => {
    await published("k3s", "v1.2.0", { description: "Told before" });
    const body = formatExtensionProfile(profile("k3s", { version: "v1.2.0", description: "Told anew" }));
    await it.ask("PUT", "k3s/profile", { body });
    const { text } = await page("/");
    expect([text.includes("Told anew"), text.includes("Told before")]).toEqual([true, false]);
  });

  test("loses an extension that is withdrawn whole", async () => {
    await published("k3s", "v1.2.0");
    await published("htop", "3.4.0");
    await it.ask("POST", "k3s/releases/v1.2.0/yank", { body: { reason: "broken" } });
    await it.index("k3s");
    expect(rowsOf((await page("/")).text)).toEqual(["htop"]);
  });

  test("of a redirector without an index is left to the documentation, or is none", async () => {
    await env.BUCKET.delete(INDEX_KEY);
    expect((await bakery().fetch("/")).headers.get("location")).toBe("https://flatcar.github.io/sysext-bakery/");
    expect((await standaloneBakery().fetch("/")).status).toBe(404);
  });
});

describe("the page of an extension", () => {
  test("has its README, its versions with the reason of a withdrawal, and its feeds", async () => {
    await published("k3s", "v1.2.0");
    await published("k3s", "v1.3.0", {
      readme:
        "# k3s\n\n## Use\n\nRead [docker](../docker/README.md).\n\n|a|b|\n|-|-|\n|1|2|\n\n![shot](https://elsewhere.example/x.png)\n",
    });
    await it.ask("POST", "k3s/releases/v1.2.0/yank", { body: { reason: `broken ${HOSTILE}` } });
    await it.index("k3s");
    const { status, text } = await page("/catalogue/k3s");
    expect(status).toBe(200);
    expect(text).toContain('Read <a href="/catalogue/docker">docker</a>.');
    expect(text).toContain("<td>1</td>");
    expect(text.match(/<h1>/g)).toHaveLength(1);
    expect(text).toContain('<h3 id="readme-use">Use</h3>');
    // No other host learns who reads it.
    expect(text).toContain("<p>shot</p>");
    expect(text).toMatch(/withdrawn 2[0-9-]{9}: broken &lt;script&gt;/);
    expect(text).toContain('href="/extensions/k3s/feed.atom"');
  });

  test("shows what is hostile as text", async () => {
    const readme = `# k3s\n\n${HOSTILE}\n\n[a](javascript:alert(1)) ![b](data:text/html,x)\n\n<style>*{}</style>\n`;
    await published("k3s", "v1.2.0", { readme, description: HOSTILE });
    for (const path of ["/", "/catalogue/k3s", "/catalogue/k3s/v1.2.0"]) {
      const { status, text } = await page(path);
      expect(status).toBe(200);
      expect(text).not.toMatch(/<script(?! src="\/assets\/)|<img src=x|<style|href="javascript|src="data/);
    }
  });

  test("makes the configuration of a machine from what its address says, as the API does", async () => {
    await published("k3s", "v1.2.0");
    await published("docker", "28.0.4");
    const query = "arch=arm64&format=shell&with=docker&after=nothing";
    const { text } = await page(`/catalogue/k3s?${query}&versions=all`);
    expect(text).toContain("Installs k3s v1.2.0, docker 28.0.4 for arm64.");
    expect(text).toContain('<option value="arm64" selected="">');
    expect(text).toContain(
      'href="/api/v1/extensions/k3s/config?with=docker&amp;arch=arm64&amp;after=nothing&amp;format=shell&amp;download=1"',
    );
    const script = await it.text(`/api/v1/extensions/k3s/config?${query}`);
    expect(script).toMatch(/^#!/);
    const escaped = script.replace(
      /[&<>"']/g,
      (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[one] ?? "&#39;",
    );
    expect(text).toContain(`<code id="configuration">${escaped}</code>`);
  });

  test.each([
    ["arch=mips", "arch: &quot;mips&quot; (allowed: x86-64, arm64)"],
    ["version=9.9.9", "k3s has no 9.9.9"],
    [`with=${encodeURIComponent(HOSTILE)}`, "with: "],
  ])("says what cannot be of a configuration, and shows the rest: %s", async (query, problem) => {
    await published("k3s", "v1.2.0");
    const { status, text } = await page(`/catalogue/k3s?${query}`);
    expect(status).toBe(200);
    expect(text).toMatch(/role="alert">That cannot be: /);
    expect(text).toContain(problem);
    expect(text).not.toContain("<script>alert");
    expect(text).toContain("It runs.");
  });

  test("of a release has its images, hashes and where it comes from", async () => {
    await published("k3s", "v1.2.0+k3s1");
    const { status, text } = await page("/catalogue/k3s/v1.2.0%2Bk3s1");
    expect(status).toBe(200);
    expect(text).toContain('<a href="/extensions/k3s/k3s-v1.2.0+k3s1-arm64.raw">');
    expect(text).toContain("Published by hand, with a token.");
  });

  test.each(["/catalogue/k3z", "/catalogue/..%2f..%2fetc", "/catalogue/k3s/v9.9.9", "/catalogue/k3s/%3Cb%3E"])(
    "that is not there is said to be so, with what may be meant: %s",
    async (path) => {
      await published("k3s", "v1.2.0");
      const { status, headers, text } = await page(path);
      expect([status, headers.get("cache-control")]).toEqual([404, "no-store"]);
      expect(text).toContain("There is no such page");
      if (!path.includes("etc")) expect(rowsOf(text)).toEqual(["k3s"]);
    },
  );
});

describe("while storage fails", () => {
  const failing = (isHit: (key: string) => boolean) =>
    new Proxy(env.BUCKET, {
      get(target, property) {
        const member = Reflect.get(target, property);
        if (typeof member !== "function") return member;
        return (key: string, ...rest: unknown[]) => {
          if (typeof key === "string" && isHit(key)) throw new Error("storage fails (10001)");
          return Reflect.apply(member, target, [key, ...rest]);
        };
      },
    });

  test.each([
    ["extension.json", "The README cannot be shown just now", "Versions"],
    ["releases.json", "The versions cannot be shown just now", "It runs."],
  ])("a page says what it can, without %s", async (file, said, rest) => {
    await published("k3s", "v1.2.0");
    it = await PublishingBakery.open({ BUCKET: failing((key) => key === `k3s/${file}`) });
    const { status, headers, text } = await page("/catalogue/k3s");
    expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(text).toContain(said);
    expect(text).toContain(rest);
  });

  test("the list is there without the record of what extensions are", async () => {
    await published("k3s", "v1.2.0");
    it = await PublishingBakery.open({ BUCKET: failing((key) => key.startsWith(".catalogue/")) });
    const { status, text } = await page("/");
    expect([status, rowsOf(text)]).toEqual([200, ["k3s"]]);
  });

  test("the whole of it, there is a page all the same", async () => {
    await env.INDEX_KV.delete("index/SHA256SUMS");
    it = await PublishingBakery.open({ BUCKET: failing(() => true) });
    const { status, headers, text } = await page("/");
    expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(text).toContain("cannot be shown just now");
  });
});

test("style and script come from addresses that change with them, and are kept for ever", async () => {
  for (const { path, type } of [STYLESHEET, ENHANCEMENT]) {
    const { status, headers } = await page(path);
    expect([status, headers.get("cache-control")]).toEqual([200, "public, max-age=31536000, immutable"]);
    expect(headers.get("content-type")).toBe(type);
  }
  expect((await page("/assets/catalogue-00000000.css")).status).toBe(404);
});

test("the script is sent as its author wrote it, types and all", async () => {
  const { text } = await page(ENHANCEMENT.path);
  expect(text).toMatch(/^\/\/ What a browser does/);
  expect(text).toContain("/** @param {HTMLButtonElement} button */");
});
