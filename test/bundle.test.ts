/** What is deployed: for each environment it builds from a clean clone, and stays small enough to start at once. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { run } from "../builder/system/run.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Pages, their Markdown and configurations in YAML are half of it; a sixth is the documentation. */
const MAX_GZIPPED = 175 * 1024;

test.each([
  ["production", ""],
  ["staging", "staging"],
])(
  "the bundle for %s has bindings for storage, the script of its pages, and at most 175 KiB gzipped",
  async (_name, environment) => {
    const folder = await mkdtemp(join(tmpdir(), "bundle-"));
    try {
      const args = ["deploy", `--env=${environment}`, "--dry-run", "--outdir", folder];
      const output = await run("wrangler", args, { cwd: ROOT });
      for (const binding of ["env.BUCKET", "env.INDEX_KV", "env.GITHUB_REPOSITORY"]) expect(output).toContain(binding);
      const code = await readFile(join(folder, "index.js"));
      // As people's browsers are to run it: minified, it would have no comments.
      const script = await readFile(join(ROOT, "worker/catalogue/browser/script.js"), "utf8");
      for (const line of script.split("\n").filter((it) => it.startsWith("//"))) expect(code.includes(line)).toBe(true);
      expect(gzipSync(code).length).toBeLessThan(MAX_GZIPPED);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
