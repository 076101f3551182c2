/** The catalogue as people have it: in a browser, by keyboard, on a phone, without script, and with a great deal in it. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LocalBakery } from "../../scripts/local-bakery.ts";
import { accessibilityProblems, bakeryOf, lackForBrowser, openBrowser } from "../support/browser.ts";
import { describeWhere } from "../support/requirements.ts";

const SCREENSHOTS = fileURLToPath(new URL("../../.cache/screenshots", import.meta.url));
const NAMES = ["btop", "docker", "docker-compose", "k3s", "kubernetes", "tailscale", "vault"];
const FIRST_VIEW_BYTES = 50 * 1024;

describeWhere(await lackForBrowser(), "the catalogue in a browser", () => {
  let browser: Browser;
  let bakery: LocalBakery;

  beforeAll(async () => {
    await mkdir(SCREENSHOTS, { recursive: true });
    [browser, bakery] = await Promise.all([openBrowser(), bakeryOf({ names: NAMES, versions: 24 })]);
  });
  afterAll(async () => {
    await browser?.close();
    await bakery?.stop();
  });

  /** Looks at a page; nothing may go wrong in it, and nobody else be asked. */
  async function visit(path: string, look: (page: Page) => Promise<void>, options: BrowserContextOptions = {}) {
    const context = await browser.newContext({ baseURL: bakery.url, ...options });
    const wrong: string[] = [];
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
      page.on("pageerror", (error) => wrong.push(error.message));
      page.on("request", (request) => request.url().startsWith(bakery.url) || wrong.push(request.url()));
      await page.goto(path);
      await look(page);
    } finally {
      await context.close();
    }
    // A 404 is what was asked for.
    expect(wrong.filter((words) => !words.includes("404 (Not Found)"))).toEqual([]);
  }

  const shot = (page: Page, name: string) =>
    page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: false });
  const namesIn = (page: Page) => page.locator("tbody tr:visible th").allTextContents();

  test("one finds an extension by typing, and the address says so to whoever gets it", () =>
    visit("/", async (page) => {
      await page.getByRole("searchbox", { name: "Search" }).fill("docker compose");
      expect(await namesIn(page)).toEqual(["docker-compose"]);
      expect(await page.getByRole("status").first().textContent()).toBe("1 of 7 extensions");
      await page.getByLabel("Kind").selectOption("networking");
      expect(await namesIn(page)).toEqual([]);
      expect(new URL(page.url()).search).toBe("?q=docker+compose&kind=networking");
      await page.goto("/?q=docker");
      expect(await namesIn(page)).toEqual(["docker", "docker-compose"]);
    }));

  test("by keyboard one skips to the content, finds an extension and opens its page", () =>
    visit("/", async (page) => {
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to content");
      await page.keyboard.press("Enter");
      const search = page.getByRole("searchbox", { name: "Search" });
      for (let presses = 0; presses < 12; presses += 1) {
        if (await search.evaluate("it => it === document.activeElement")) break;
        await page.keyboard.press("Tab");
      }
      await page.keyboard.type("vault");
      for (const _ of ["kind", "architecture", "order", "the only row"]) await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/catalogue/vault");
    }));

  test("one makes a configuration, shares its address, copies and downloads it", () =>
    visit(
      "/catalogue/docker",
      async (page) => {
        await page.getByLabel("Architecture").selectOption("arm64");
        await page.getByRole("combobox", { name: "Form", exact: true }).selectOption("ignition");
        await page.getByLabel("Together with").fill("k3s");
        await page.getByRole("button", { name: "Show the configuration" }).click();
        await page.waitForURL("**arch=arm64**");
        await shot(page, "configuration");
        await page.getByRole("button", { name: "Copy the configuration" }).click();
        await page.getByText("Copied").first().waitFor();
        const copied = JSON.parse((await page.evaluate("navigator.clipboard.readText()")) as string);
        expect(copied.storage.files[0].path).toMatch(/\/docker-1\.2\.3-arm64\.raw$/);
        const href = await page.getByRole("link", { name: "Download" }).getAttribute("href");
        expect(await (await page.request.get(href ?? "")).json()).toEqual(copied);
      },
      { permissions: ["clipboard-read", "clipboard-write"] },
    ));

  test("what people come for takes no more clicks than it must", () =>
    visit(
      "/",
      async (page) => {
        let clicks = 0;
        const click = async (role: "link" | "button", name: string) => {
          clicks += 1;
          await page.getByRole(role, { name, exact: true }).first().click();
        };
        const took = async (path: string, task: () => Promise<void>) => {
          await page.goto(path);
          clicks = 0;
          await task();
          return clicks;
        };
        const find = await took("/", async () => {
          await page.getByRole("searchbox", { name: "Search" }).fill("vault");
          await click("link", "vault");
          await page.waitForURL("**/catalogue/vault");
        });
        const configure = await took("/catalogue/vault", async () => {
          await click("button", "Copy the configuration");
          await page.getByText("Copied").first().waitFor();
        });
        const configureOtherwise = await took("/catalogue/vault", async () => {
          clicks += 1;
          await page.getByLabel("Architecture").selectOption("arm64");
          await click("button", "Show the configuration");
          await page.waitForURL("**arch=arm64**");
          await click("button", "Copy the configuration");
          await page.getByText("Copied").first().waitFor();
        });
        const verify = await took("/catalogue/vault", async () => {
          await click("link", "how to check");
          await page.waitForURL("**/docs/trust#check-by-hand");
          expect(await page.locator(":target + p, :target + pre").first().isVisible()).toBe(true);
        });
        expect({ find, configure, configureOtherwise, verify }).toEqual({
          ...{ find: 1, configure: 1, configureOtherwise: 3, verify: 1 },
        });
      },
      { permissions: ["clipboard-read", "clipboard-write"] },
    ));

  test("without script one finds, configures and reads all of it, and sees no button that does nothing", () =>
    visit(
      "/",
      async (page) => {
        await page.getByRole("searchbox", { name: "Search" }).fill("k3s");
        await page.getByRole("button", { name: "Show" }).click();
        expect(await namesIn(page)).toEqual(["k3s"]);
        await page.getByRole("link", { name: "k3s", exact: true }).click();
        await page.getByRole("link", { name: "shell script" }).click();
        expect(await page.locator("#configuration").textContent()).toMatch(/^#!/);
        await page.getByRole("link", { name: "All 24 versions" }).click();
        expect(await page.getByText("it does not start").isVisible()).toBe(true);
        expect(await page.locator("button:visible").allTextContents()).toEqual(["Show the configuration"]);
      },
      { javaScriptEnabled: false },
    ));

  test("the feed that a page announces is there", () =>
    visit("/", async (page) => {
      for (const path of ["/", "/catalogue/k3s"]) {
        await page.goto(path);
        const href = await page.locator('link[type="application/atom+xml"]').getAttribute("href");
        expect(await (await page.request.get(href ?? "")).text()).toContain("k3s 1.2.3");
      }
    }));

  test("one chooses light or dark, and the next page has it from the beginning", () =>
    visit("/", async (page) => {
      const paper = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
      const light = await paper();
      await page.getByRole("button", { name: "Light or dark" }).click();
      const dark = await paper();
      expect(dark).not.toBe(light);
      await page.goto("/catalogue/k3s");
      expect(await paper()).toBe(dark);
      await page.emulateMedia({ media: "print" });
      expect(await paper()).toBe(light);
    }));

  test("the documentation leads from page to page, and from its sections to their places", () =>
    visit("/", async (page) => {
      await page.getByRole("link", { name: "Documentation" }).click();
      await page.getByRole("link", { name: "Start here" }).click();
      expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Start here");
      await page.locator('[rel="next"]').click();
      await page.waitForURL("**/docs/use-an-extension");
      const onThisPage = page.getByRole("navigation", { name: "On this page" });
      const section = onThisPage.getByRole("link").last();
      const title = await section.textContent();
      await section.click();
      expect(await page.locator(":target").textContent()).toBe(title);
      const shelves = page.getByRole("navigation", { name: "Documentation" });
      expect(await shelves.locator('[aria-current="page"]').textContent()).toBe("Use an extension");
    }));

  test.each([
    ["list", "/"],
    ["extension", "/catalogue/docker"],
    ["release", "/catalogue/docker/1.2.3"],
    ["not-found", "/catalogue/dockr"],
    ["documentation", "/docs"],
    ["start-here", "/docs/start-here"],
    ["reference", "/docs/reference"],
  ])("the page %s is accessible, in dark colours too, and fits 320 pixels", async (name, path) => {
    await visit(path, async (page) => {
      expect(await accessibilityProblems(page, "all")).toEqual([]);
      await shot(page, name);
      await page.emulateMedia({ colorScheme: "dark" });
      expect(await accessibilityProblems(page, "contrast")).toEqual([]);
      await shot(page, `${name}-dark`);
      await page.setViewportSize({ width: 320, height: 640 });
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
      await shot(page, `${name}-narrow`);
    });
  });

  test("a first view has at most 50 KiB, and nothing in it moves", async () => {
    const context = await browser.newContext({ baseURL: bakery.url });
    try {
      const page = await context.newPage();
      for (const path of ["/", "/catalogue/docker", "/docs", "/docs/use-an-extension"]) {
        const sizes: Promise<number>[] = [];
        page.on("response", (response) => sizes.push(response.body().then(({ length }) => length)));
        await page.goto(path, { waitUntil: "networkidle" });
        const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
        expect(bytes, path).toBeLessThan(FIRST_VIEW_BYTES);
        const moved = await page.evaluate(`new Promise((resolve) => {
          const seen = ({ sources }) => sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? "a text");
          new PerformanceObserver((list) => resolve(list.getEntries().flatMap(seen))).observe({ type: "layout-shift", buffered: true });
          setTimeout(resolve, 200, []);
        })`);
        expect(moved, path).toEqual([]);
      }
    } finally {
      await context.close();
    }
  });

  test("of 500 extensions with 50 versions each the list is one view, and typing still finds", async () => {
    const names = Array.from({ length: 500 }, (_, at) => `extension-x${at}`);
    const large = await bakeryOf({ names, versions: 50, listOnly: true });
    const context = await browser.newContext({ baseURL: large.url });
    try {
      const page = await context.newPage();
      const answer = await page.goto("/");
      expect(gzipSync((await answer?.body()) ?? "").length).toBeLessThan(FIRST_VIEW_BYTES);
      expect(await page.locator("tbody tr").count()).toBe(500);
      await page.getByRole("searchbox", { name: "Search" }).fill("x49");
      expect(await namesIn(page)).toHaveLength(11);
    } finally {
      await context.close();
      await large.stop();
    }
  });
});
