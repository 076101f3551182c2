/** Two kinds of tests: the worker's run in workerd, with real R2 and KV; all others run in Node. */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const WORKER_TESTS = "test/worker/**/*.test.ts";

export default defineConfig({
  test: {
    // The worker logs every request: show that of a test that fails.
    silent: "passed-only",
    projects: [
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
        test: { name: "worker", include: [WORKER_TESTS] },
      },
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: [WORKER_TESTS],
          // Some bake images, or run the programs that clients run.
          testTimeout: 60_000,
        },
      },
    ],
  },
});
