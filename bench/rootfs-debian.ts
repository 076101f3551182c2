/**
 * What a tree of Debian's packages costs beside mmdebstrap's, of the same archive and the same packages, both with the
 * packages at hand. In turns, in one run; needs root. `./scripts/with-node bench/rootfs-debian.ts [rounds]`
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { archiveUrl, keyringPath } from "../builder/rootfs/debian/archive.ts";
import type { DebianTree } from "../builder/rootfs/debian/spec.ts";
import { formatTable } from "../builder/system/format.ts";
import { OWN_ARCH } from "../builder/system/own-arch.ts";
import { run } from "../builder/system/run.ts";

const SUITE = "bookworm";
const PACKAGES = ["btop"];
const PROGRAM = fileURLToPath(new URL("../test/builder/rootfs/debian-program.ts", import.meta.url));
const rounds = Number(process.argv[2] ?? 3);

interface Cost {
  /** seconds, as the clock says */
  readonly wall: number;
  /** seconds of all processors, user and system */
  readonly cpu: number;
}

const folder = await mkdtemp(join(tmpdir(), "bench-debian-"));
const cache = join(folder, "cache");
const archive = await archiveUrl(undefined, process.env);
const source = `deb [signed-by=${await keyringPath(undefined, {})}] ${archive} ${SUITE} main`;
try {
  const rows = [["tree", "ours s", "mmdebstrap s", "ratio", "ours cpu s", "mmdebstrap cpu s", "ratio"]];
  for (const variant of ["extract", "minbase"] as const) {
    const all = await prepare(variant);
    const state = variant === "extract" ? "unpacked" : "installed";
    const spec: DebianTree = { suite: SUITE, arch: OWN_ARCH ?? "x86-64", packages: all, state, archive };
    // What a run leaves for the next.
    await ours(spec);
    const costs: [Cost, Cost][] = [];
    for (let round = 0; round < rounds; round++) costs.push([await ours(spec), await theirs(variant)]);
    const row = [`${variant}, ${PACKAGES.join(", ")}`, ...cells(costs)];
    rows.push(row);
    process.stderr.write(`${row.join("  ")}\n`);
  }
  process.stdout.write(formatTable(rows));
} finally {
  await rm(folder, { recursive: true });
}

/**
 * Has mmdebstrap make the tree once, so that it has its packages at hand.
 * @returns the packages to ask for, so that ours has the same
 */
async function prepare(variant: string): Promise<string[]> {
  await mkdir(archivesOf(variant));
  const tree = join(folder, "tree");
  const keep = `cp "$1"/var/cache/apt/archives/*.deb ${archivesOf(variant)}`;
  const hook = variant === "extract" ? "--extract-hook" : "--essential-hook";
  await mmdebstrap(variant, tree, [
    "--skip=download/empty,essential/unlink,cleanup/apt/cache",
    `${hook}=${keep} || true`,
    `--customize-hook=${keep} || true`,
  ]);
  await rm(tree, { recursive: true });
  if (variant === "extract") return PACKAGES;
  const names = (await readdir(archivesOf(variant))).map((file) => file.split("_")[0] ?? "");
  return [...new Set([...names, ...PACKAGES])];
}

function archivesOf(variant: string): string {
  return join(folder, `archives-${variant}`);
}

async function mmdebstrap(variant: string, tree: string, options: readonly string[]): Promise<Cost> {
  const words = ["--mode=root", "--format=directory", `--variant=${variant}`, `--include=${PACKAGES.join(",")}`];
  return cost("mmdebstrap", [...words, "--quiet", ...options, SUITE, tree, source]);
}

async function theirs(variant: string): Promise<Cost> {
  const tree = join(folder, "tree");
  const hook = `mkdir -p "$1"/var/cache/apt/archives && cp -l ${archivesOf(variant)}/*.deb "$1"/var/cache/apt/archives`;
  const spent = await mmdebstrap(variant, tree, [`--setup-hook=${hook}`]);
  await rm(tree, { recursive: true });
  return spent;
}

async function ours(spec: DebianTree): Promise<Cost> {
  const tree = join(folder, "tree");
  const spent = await cost(process.execPath, [PROGRAM, JSON.stringify({ spec, folder: tree, cache })]);
  await rm(tree, { recursive: true });
  return spent;
}

/** time(1) of bash's, which counts children too. */
async function cost(program: string, args: readonly string[]): Promise<Cost> {
  const timed = spawn("bash", [
    "-c",
    'TIMEFORMAT="%R %U %S"; time "$@" > /dev/null 2> "$0"',
    join(folder, "log"),
    program,
    ...args,
  ]);
  const printed = Buffer.concat(await timed.stderr.toArray()).toString();
  const [wall = Number.NaN, user = 0, system = 0] = printed.trim().split(" ").map(Number);
  if (timed.exitCode !== 0 && timed.exitCode !== null)
    throw new Error(await run("tail", ["-n", "20", join(folder, "log")]));
  return { wall, cpu: user + system };
}

function cells(costs: readonly (readonly [Cost, Cost])[]): string[] {
  return (["wall", "cpu"] as const).flatMap((kind) => {
    const [mine, other] = [median(costs.map(([one]) => one[kind])), median(costs.map(([, one]) => one[kind]))];
    return [mine.toFixed(1), other.toFixed(1), (mine / other).toFixed(2)];
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
