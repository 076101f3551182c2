/**
 * What the worker adds to the least that workerd can do, and how it compares with Caddy: hot answers, in turns, in one
 * run. `./scripts/with-node bench/worker.ts [rounds]`
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { formatTable } from "../builder/system/format.ts";
import { run } from "../builder/system/run.ts";
import {
  bundle,
  type Contestant,
  IMAGE,
  indexPath,
  SIZES,
  STORED_IMAGE,
  startAlone,
  startBare,
  startCaddy,
  startEmpty,
  startOurs,
} from "./worker/contestants.ts";
import { measure, measureInTurns, median } from "./worker/load.ts";

const rounds = Number(process.argv[2] ?? 5);
const SECONDS = 1;
const FIRST_PORT = 9310;
const CASES = new Map([
  ["redirect to GitHub", IMAGE],
  ...SIZES.map((lines) => [`index of ${lines} lines`, indexPath(lines)] as const),
  ["image of 1 MiB", STORED_IMAGE],
]);

await run("which", ["wrk", "caddy"]).catch((cause) => {
  throw new Error("needs wrk and caddy: apt-get install wrk caddy", { cause });
});
const folder = await mkdtemp(join(tmpdir(), "bench-worker-"));
const running: Contestant[] = [];
const stop = () => Promise.all(running.map((contestant) => contestant.stop()));
process.once("SIGINT", () => void stop());
try {
  const bundled = await bundle(join(folder, "bundle"));
  const ours = await startOurs(folder, FIRST_PORT, bundled);
  running.push(ours);
  const answers = new Map<string, Response>();
  for (const path of CASES.values()) answers.set(path, await answerOf(ours, path));
  const bare = await startBare(folder, FIRST_PORT + 1, answers);
  running.push(bare);
  const caddy = await startCaddy(folder, FIRST_PORT + 2);
  running.push(caddy);

  await warm([...CASES.values()]);
  const rows = [["hot answers, requests a second", "bare", "ours", "ratio", "CPU µs bare", "ours", "Caddy 302"]];
  for (const [name, path] of CASES) {
    const redirects = path !== STORED_IMAGE;
    const contestants = redirects ? [bare, ours, caddy] : [bare, ours];
    const measured = await measureInTurns(contestants, path, { rounds, seconds: SECONDS });
    const [least, own, other] = contestants.map((contestant) => measured.get(contestant.name));
    if (least === undefined || own === undefined) throw new Error("nothing was measured");
    rows.push([
      name,
      least.requestsPerSecond.toFixed(0),
      own.requestsPerSecond.toFixed(0),
      (own.requestsPerSecond / least.requestsPerSecond).toFixed(2),
      least.cpuPerRequest.toFixed(0),
      own.cpuPerRequest.toFixed(0),
      other?.cpuPerRequest.toFixed(0) ?? "",
    ]);
  }

  const code = await readFile(bundled);
  const before = await operations();
  await measure(ours, indexPath(SIZES[0]), SECONDS);
  rows.push(
    ["", "", "", "", "", "", ""],
    [
      "storage operations of a second of index requests (one a minute)",
      "",
      String((await operations()) - before),
      "",
      "",
      "",
      "",
    ],
    ["memory after all that, MiB", (await bare.memory()).toFixed(0), (await ours.memory()).toFixed(0), "", "", "", ""],
    ["start to first answer, ms, of an empty worker and ours", ...(await startUps(bundled)), "", "", "", ""],
    [
      "bundle, KiB; gzipped",
      "",
      (code.length / 1024).toFixed(0),
      (gzipSync(code).length / 1024).toFixed(0),
      "",
      "",
      "",
    ],
  );
  process.stdout.write(formatTable(rows));

  async function startUps(script: string): Promise<[empty: string, alone: string]> {
    const times = { empty: [] as number[], alone: [] as number[] };
    for (let round = 0; round < 5; round += 1) {
      const empty = await startEmpty(folder, FIRST_PORT + 3);
      const alone = await startAlone(folder, FIRST_PORT + 4, script);
      times.empty.push(empty.startUp);
      times.alone.push(alone.startUp);
      for (const one of [empty, alone]) await one.stop();
    }
    return [median(times.empty).toFixed(0), median(times.alone).toFixed(0)];
  }
  async function operations(): Promise<number> {
    return Number(await (await fetch(`http://127.0.0.1:${ours.port}/operations`)).text());
  }
  async function warm(paths: readonly string[]): Promise<void> {
    for (const contestant of running)
      for (const path of paths) await measure(contestant, path, SECONDS).catch(() => {});
  }
} finally {
  await stop();
  await rm(folder, { recursive: true, force: true });
}

async function answerOf({ port }: Contestant, path: string): Promise<Response> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual" });
  const bytes = await response.arrayBuffer();
  return new Response(bytes.byteLength === 0 ? null : bytes, response);
}
