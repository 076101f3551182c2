/**
 * What `create` costs beside the reference's sequence of public tools, and beside its limit: the packer alone on the
 * finished tree. And a release of both architectures from an upstream of 20 MB/s, beside its downloads and its packing.
 * All in turns, in one run. `./scripts/with-node bench/builder.ts [rounds]`
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseCompression } from "../builder/bake/pack/compression.ts";
import { squashfsArgs } from "../builder/bake/pack/squashfs.ts";
import { formatTable } from "../builder/system/format.ts";
import { run } from "../builder/system/run.ts";
import { HOST, type Input, plantRecipe, prepareInputs, prepareRelease } from "./builder/inputs.ts";

const rounds = Number(process.argv[2] ?? 3);
const SLOW = 20_000_000;
const PACKER = "packer alone, as create";
const OFFLINE = "create --offline, of what was downloaded";
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const BAKERY = here("../bakery");
/** As `./bakery` starts Node. */
const FLAGS = ["--max-semi-space-size=1", "--no-incremental-marking"];
const PEAK = pathToFileURL(here("builder/peak.ts")).href;

interface Cost {
  readonly wall: number;
  readonly cpu: number;
  /** MiB of the Node process; undefined of what has none. */
  readonly peak?: number;
  readonly bytes: number;
}

const folder = await mkdtemp(join(tmpdir(), "bench-builder-"));
const mirrors: ChildProcess[] = [];
try {
  await benchCreate(join(folder, "create"));
  await benchRelease(join(folder, "release"));
} finally {
  for (const mirror of mirrors) mirror.kill();
  await rm(folder, { recursive: true });
}

async function benchCreate(work: string): Promise<void> {
  const served = join(work, "served");
  await mkdir(served, { recursive: true });
  const inputs = await prepareInputs(served);
  const mirror = await openMirror(served);
  const extensions = await plantRecipe(work, { "x86-64": inputs });
  const image = join(work, "bench.raw");
  const env = { BAKERY_MIRROR: mirror, BAKERY_EXTENSIONS: extensions, BAKERY_CACHE: join(work, "cache") };
  const create = async (...options: string[]) => {
    if (!options.includes("--offline")) await empty(join(work, "cache"));
    await empty(image);
    return cost(BAKERY, ["create", "bench", "1.0.0", ...options], image, { cwd: work, env });
  };
  const reference = async () => {
    await empty(join(work, "reference"));
    await mkdir(join(work, "reference"));
    const script = referenceScript(inputs, mirror);
    return cost("sh", ["-c", script], join(work, "reference/image.raw"), { cwd: join(work, "reference") });
  };
  const pack = async (compression: string) => {
    const alone = join(work, "alone.raw");
    await empty(alone);
    const args = squashfsArgs(parseCompression("squashfs", compression), 0);
    return cost("mksquashfs", [join(work, "reference/root"), alone, ...args], alone);
  };
  const contestants = {
    "reference: curl, tar, mksquashfs, sha256sum": reference,
    "create --compression gzip": () => create("--compression", "gzip"),
    "packer alone, gzip": () => pack("gzip"),
    create: () => create(),
    [PACKER]: () => pack("zstd"),
    "create --compression zstd:15": () => create("--compression", "zstd:15"),
    "packer alone, zstd:15": () => pack("zstd:15"),
    [OFFLINE]: () => create("--offline"),
    "create, unchanged": () => cost(BAKERY, ["create", "bench", "1.0.0"], image, { cwd: work, env }),
  };
  const costs = await inTurns(contestants);
  const megabytes = inputs.reduce((sum, { size }) => sum + size, 0) / 1e6;
  const base = costs["reference: curl, tar, mksquashfs, sha256sum"];
  const rows = Object.entries(costs).map(([name, one]) => [
    name,
    ...[one.wall.toFixed(2), ratio(one.wall, base?.wall), one.cpu.toFixed(1), ratio(one.cpu, base?.cpu)],
    ...[(one.bytes / 1e6).toFixed(1), ratio(one.bytes, base?.bytes), one.peak?.toFixed(0) ?? ""],
  ]);
  const head = [
    `${megabytes.toFixed(0)} MB of downloads`,
    "wall s",
    "ratio",
    "cpu s",
    "ratio",
    "MB",
    "ratio",
    "node MiB",
  ];
  process.stdout.write(formatTable([head, ...rows]));
  const limit = (ours: string, alone: string) => ratio(costs[ours]?.wall ?? Number.NaN, costs[alone]?.wall);
  process.stdout.write(
    `\nto the packer alone: create ${limit("create", PACKER)}, create --offline ${limit(OFFLINE, PACKER)}\n\n`,
  );
}

async function benchRelease(work: string): Promise<void> {
  const served = join(work, "served");
  await mkdir(served, { recursive: true });
  const inputs = await prepareRelease(served);
  const mirror = await openMirror(served, SLOW);
  const extensions = await plantRecipe(work, inputs);
  const out = join(work, "out");
  const env = { BAKERY_MIRROR: mirror, BAKERY_EXTENSIONS: extensions, BAKERY_CACHE: join(work, "cache") };
  const files = [...new Set(Object.values(inputs).flatMap((list) => list.map(({ file }) => file)))];
  const image = join(out, "bench-1.0.0-x86-64.raw");
  const release = async () => {
    await empty(join(work, "cache"), out);
    return cost(process.execPath, [...FLAGS, here("builder/release.ts"), out], image, { env });
  };
  const downloads = async () => {
    const urls = files.flatMap((file) => ["-o", "/dev/null", `${mirror}/${HOST}/${file}`]);
    return cost("curl", ["-fsS", "--parallel", ...urls], join(served, "common.tar.gz"));
  };
  const packing = async () => {
    const [x86, arm] = ["x86-64", "arm64"].map((arch) => join(work, arch));
    for (const [tree, arch] of [
      [x86, "x86-64"],
      [arm, "arm64"],
    ] as const) {
      if (tree !== undefined && (await stat(tree).catch(() => undefined)) === undefined) {
        await run("unsquashfs", ["-quiet", "-no-progress", "-dest", tree, join(out, `bench-1.0.0-${arch}.raw`)]);
      }
    }
    const args = squashfsArgs(parseCompression("squashfs"), 0).join(" ");
    const script = `mksquashfs ${x86} ${x86}.raw ${args} & mksquashfs ${arm} ${arm}.raw ${args} & wait`;
    return cost("sh", ["-c", script], `${x86}.raw`);
  };
  const costs = await inTurns({
    "both architectures": release,
    "downloads alone": downloads,
    "packing alone": packing,
  });
  const longer = Math.max(costs["downloads alone"]?.wall ?? 0, costs["packing alone"]?.wall ?? 0);
  const rows = Object.entries(costs).map(([name, { wall, peak }]) => [
    name,
    wall.toFixed(2),
    ratio(wall, longer),
    peak?.toFixed(0) ?? "",
  ]);
  process.stdout.write(formatTable([[`${SLOW / 1e6} MB/s`, "wall s", "to the longer", "node MiB"], ...rows]));
}

/** What the reference's recipes do, by hand: one thing after the other, with its flags. */
function referenceScript(inputs: readonly Input[], mirror: string): string {
  return [
    "set -eu",
    "mkdir -p root/usr/bin root/usr/lib/extension-release.d",
    ...inputs.map(({ file }) => `curl -fsSL -o ${file} ${mirror}/${HOST}/${file}`),
    ...inputs.map(({ file, sha256 }) => `echo "${sha256}  ${file}" | sha256sum -c --quiet`),
    ...inputs.map(({ script }) => script),
    "printf 'ID=_any\\nARCHITECTURE=x86-64\\n' > root/usr/lib/extension-release.d/extension-release.bench",
    "mksquashfs root image.raw -all-root -noappend >/dev/null",
    "sha256sum image.raw > SHA256SUMS.bench",
  ].join("\n");
}

async function inTurns(contestants: Readonly<Record<string, () => Promise<Cost>>>): Promise<Record<string, Cost>> {
  const all: Record<string, Cost[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, perform] of Object.entries(contestants)) {
      const one = await perform();
      all[name] = [...(all[name] ?? []), one];
      process.stderr.write(`${name}: ${one.wall.toFixed(2)} s\n`);
    }
  }
  return Object.fromEntries(Object.entries(all).map(([name, costs]) => [name, middle(costs)]));
}

/** The one whose time is the median. */
function middle(costs: readonly Cost[]): Cost {
  return costs.toSorted((a, b) => a.wall - b.wall)[costs.length >> 1] ?? { wall: Number.NaN, cpu: 0, bytes: 0 };
}

interface Running {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

async function cost(command: string, args: readonly string[], made: string, { cwd, env }: Running = {}): Promise<Cost> {
  const peakFile = join(folder, "peak");
  await rm(peakFile, { force: true });
  const before = await childSeconds();
  const start = performance.now();
  const peaked = { ...env, PEAK_FILE: peakFile, NODE_OPTIONS: `--import=${PEAK}` };
  await run(command, args, {
    ...(cwd !== undefined && { cwd }),
    env: command === process.execPath || command === BAKERY ? peaked : { ...env },
  });
  const wall = (performance.now() - start) / 1_000;
  const peak = Number(await readFile(peakFile, "utf8").catch(() => "NaN")) / 1024;
  const { size: bytes } = await stat(made);
  return { wall, cpu: (await childSeconds()) - before, bytes, ...(Number.isFinite(peak) && { peak }) };
}

async function openMirror(served: string, rate?: number): Promise<string> {
  const args = [here("builder/mirror.ts"), served, ...(rate === undefined ? [] : [String(rate)])];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  mirrors.push(child);
  const [line] = await once(child.stdout, "data");
  return String(line).trim();
}

async function empty(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { recursive: true, force: true });
}

/** proc(5): user and system time of children that have been waited for, in hundredths of a second. */
async function childSeconds(): Promise<number> {
  const fields = (await readFile("/proc/self/stat", "utf8")).replace(/^.*\) /, "").split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function ratio(value: number, base = Number.NaN): string {
  return (value / base).toFixed(2);
}
