/** `npm run card`: draws the picture of links, worker/catalogue/card.html, into a module that the worker has it from. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../builder/system/run.ts";
import { reportError } from "./report-error.ts";
import { ensureSystemPackages } from "./system-packages.ts";

const CATALOGUE = fileURLToPath(new URL("../worker/catalogue", import.meta.url));
const PACKAGES = [
  { command: "chromium", package: "chromium", why: "draws it" },
  { command: "pngquant", package: "pngquant", why: "makes it small" },
  { command: "optipng", package: "optipng", why: "makes it smaller" },
];
/** Of Open Graph's pictures */
const SIZE = "1200,630";
/** Text on plain ground needs no more. */
const COLOURS = "16";

async function drawCard(): Promise<void> {
  await ensureSystemPackages(PACKAGES, { report: (line) => console.error(line) });
  const folder = await mkdtemp(join(tmpdir(), "card-"));
  try {
    const [drawn, small] = [join(folder, "drawn.png"), join(folder, "small.png")];
    const page = `file://${join(CATALOGUE, "card.html")}`;
    const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    const options = ["--headless", "--hide-scrollbars", "--force-device-scale-factor=1", `--window-size=${SIZE}`];
    await run("chromium", [...sandbox, ...options, `--user-data-dir=${folder}/profile`, `--screenshot=${drawn}`, page]);
    await run("pngquant", ["--nofs", "--speed", "1", "--output", small, COLOURS, drawn]);
    await run("optipng", ["-quiet", "-o7", "-strip", "all", small]);
    const base64 = (await readFile(small)).toString("base64");
    await writeFile(
      join(CATALOGUE, "card-image.ts"),
      `/** Made of card.html by \`npm run card\`: a PNG of 1200 by 630 pixels. */\nexport const CARD_PNG_BASE64 =\n  "${base64}";\n`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

await drawCard().catch(reportError);
