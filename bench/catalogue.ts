/**
 * `./scripts/with-node bench/catalogue.ts [rounds]`: what pages cost whoever opens them on a phone, in Debian's Chromium
 * with an empty cache: 4 times slower than this machine, 150 ms from the bakery, 1.6 Mbit/s down, as Lighthouse simulates
 * it. Medians. The last row is a page with nothing in it, from the same server.
 *
 * https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md
 */
import type { Browser } from "playwright-core";
import { formatTable } from "../builder/system/format.ts";
import { bakeryOf, openBrowser } from "../test/support/browser.ts";

const ROUNDS = Number(process.argv[2] ?? 5);
const PAGES = [
  "/",
  "/catalogue/docker",
  "/catalogue/docker?versions=all",
  "/docs/use-an-extension",
  "/docs/reference",
  "/healthz",
];
const NAMES = ["btop", "docker", "docker-compose", "k3s", "kubernetes", "tailscale", "vault"];

interface View {
  readonly requests: number;
  /** Bytes on the wire */
  readonly bytes: number;
  /** Milliseconds since the navigation began */
  readonly firstPaint: number;
  readonly largestPaint: number;
  /** Of tasks, what is above 50 ms each, in milliseconds */
  readonly blocked: number;
  /** https://web.dev/articles/cls */
  readonly shift: number;
  readonly elements: number;
}

const MEASURED = `new Promise((resolve) => {
  const seen = { largestPaint: 0, blocked: 0, shift: 0 };
  const observe = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  observe("largest-contentful-paint", ({ startTime }) => { seen.largestPaint = startTime; });
  observe("longtask", ({ duration }) => { seen.blocked += duration - 50; });
  observe("layout-shift", ({ value, hadRecentInput }) => { if (!hadRecentInput) seen.shift += value; });
  setTimeout(() => {
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    resolve({
      ...seen,
      firstPaint: paint?.startTime ?? 0,
      requests: loaded.length,
      bytes: loaded.reduce((sum, { transferSize }) => sum + transferSize, 0),
      elements: document.querySelectorAll("*").length,
    });
  }, 500);
})`;

async function view(browser: Browser, url: string): Promise<View> {
  const context = await browser.newContext({
    viewport: { width: 412, height: 823 },
    deviceScaleFactor: 1.75,
    isMobile: true,
  });
  try {
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    await devtools.send("Network.emulateNetworkConditions", {
      ...{
        offline: false,
        latency: 150,
        downloadThroughput: (1.6 * 1024 ** 2) / 8,
        uploadThroughput: (750 * 1024) / 8,
      },
    });
    await page.goto(url, { waitUntil: "networkidle" });
    return await page.evaluate<View>(MEASURED);
  } finally {
    await context.close();
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const [browser, bakery] = await Promise.all([openBrowser(), bakeryOf({ names: NAMES, versions: 50 })]);
try {
  const views = new Map<string, View[]>(PAGES.map((path) => [path, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const path of PAGES) views.get(path)?.push(await view(browser, bakery.url + path));
  }
  const rows = PAGES.map((path) => {
    const of = (name: keyof View) => median(views.get(path)?.map((one) => one[name]) ?? []);
    const milliseconds = (name: keyof View) => of(name).toFixed(0);
    return [
      ...[path, String(of("requests")), `${(of("bytes") / 1024).toFixed(1)} KiB`, milliseconds("firstPaint")],
      ...[milliseconds("largestPaint"), milliseconds("blocked"), of("shift").toFixed(3), String(of("elements"))],
    ];
  });
  const head = [
    "PAGE",
    "REQUESTS",
    "TRANSFERRED",
    "FIRST PAINT MS",
    "LARGEST PAINT MS",
    "BLOCKED MS",
    "SHIFT",
    "ELEMENTS",
  ];
  console.log(formatTable([head, ...rows]));
} finally {
  await browser.close();
  await bakery.stop();
}
