/** Two kinds of tests: the worker's run in workerd, with real R2 and KV; all others run in Node. */
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { MACHINE_TESTS, MORE_ON_MACHINES } from "./test/support/machine-tests.ts";

const RUNS_MACHINES = process.env.BAKERY_TEST_MACHINES === "1";
const WORKER_TESTS = "test/worker/**/*.test.ts";
/** They wait as long as clients do, and would wait for a processor instead. */
const PATIENT_TESTS = "test/worker/faults.test.ts";
/** Most tests wait for other programs; vitest's own default would leave one of two processors idle. */
const WORKERS = Math.max(2, availableParallelism() - 1);

/** Longer than their size lets one think: begun last, one of them would keep all others waiting. */
const LONG_TESTS = ["worker/publish/crash", "workflows/deploy", "builder/reproducible"].map(
  (name) => `/test/${name}.test.ts`,
);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONG_TESTS.some((name) => moduleId.endsWith(name));
    const byProject = Map.groupBy(await super.sort(files), ({ project }) => project);
    return [...byProject.values()].flatMap((own) => [...own.filter(isLong), ...own.filter((one) => !isLong(one))]);
  }
}

const WORKERD = cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } });
/** One workerd for all files, for it takes longer to start than most files take; each begins with empty storage. */
const SHARED_WORKERD = { isolate: false, setupFiles: ["test/worker/support/empty.ts"] };

/** What the worker imports as text. The bundler of wrangler takes it from the import itself. */
const TEXT = /(\.md|\/worker\/catalogue\/browser\/script\.js)$/;
const IMPORTED_AS_TEXT = {
  name: "imported-as-text",
  transform: (text: string, id: string) =>
    TEXT.test(id) ? { code: `export default ${JSON.stringify(text)};`, map: null } : undefined,
};

/** Their source maps name sources that do not come with them, of each of which there would be a warning. */
const ACTIONS = /\/@actions\/.*\.js$/;
const WITHOUT_SOURCE_MAPS = {
  name: "without-source-maps",
  load: async (id: string) =>
    ACTIONS.test(id) ? (await readFile(id, "utf8")).replace(/^\/\/# sourceMappingURL=.*$/m, "") : undefined,
};

export default defineConfig({
  test: {
    // The worker logs every request: show that of a test that fails.
    silent: "passed-only",
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        plugins: [WORKERD, IMPORTED_AS_TEXT],
        test: {
          name: "worker",
          include: [WORKER_TESTS],
          exclude: [PATIENT_TESTS],
          ...SHARED_WORKERD,
          testTimeout: 60_000,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [WORKERD, IMPORTED_AS_TEXT],
        // Alone, and after the others.
        test: {
          name: "patient",
          include: [PATIENT_TESTS],
          ...SHARED_WORKERD,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        plugins: [WITHOUT_SOURCE_MAPS],
        test: {
          name: "node",
          include: RUNS_MACHINES ? [...MACHINE_TESTS, ...MORE_ON_MACHINES] : ["test/**/*.test.ts"],
          exclude: RUNS_MACHINES ? [] : [WORKER_TESTS, ...MACHINE_TESTS],
          // A process for each file would take as long to start as many files take. So what a test changes of its
          // process, it puts back.
          isolate: false,
          // Some bake images, or run the programs that clients run.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 0 },
          // It imports JSON as bundlers let it.
          server: { deps: { inline: [ACTIONS] } },
          // What they download of real packages is kept, and nobody's own cache is touched.
          env: { BAKERY_CACHE: fileURLToPath(new URL(".cache/downloads", import.meta.url)) },
        },
      },
    ],
  },
});
