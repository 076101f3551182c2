/**
 * What each format and compression costs and brings, on real binaries of node_modules: time to pack, size, and what a
 * host pays to read. Needs root and loop devices. `./scripts/with-node bench/formats.ts [rounds]`
 */
import { cp, mkdir, mkdtemp, open, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseCompression } from "../builder/bake/pack/compression.ts";
import { packerFor } from "../builder/bake/pack/packer.ts";
import { squashfsArgs } from "../builder/bake/pack/squashfs.ts";
import { formatTable } from "../builder/system/format.ts";
import { run } from "../builder/system/run.ts";
import type { ImageFormat } from "../schema/index.ts";
import { packFolder } from "../test/support/pack-folder.ts";

const BINARIES = ["@cloudflare/workerd-linux-64/bin/workerd", "node/bin/node", "@esbuild/linux-x64/bin/esbuild"];
const MODULES = fileURLToPath(new URL("../node_modules", import.meta.url));
const READS = 200;
/** The first is the reference's; the third column is for blocks that `--compression` does not offer. */
const VARIANTS: readonly [ImageFormat, string, string?][] = [
  ["squashfs", "gzip:9"],
  ["squashfs", "zstd:12", "128K"],
  ["squashfs", "zstd:12", "512K"],
  ["squashfs", "zstd:12"],
  ["squashfs", "zstd:15"],
  ["squashfs", "zstd:19"],
  ["squashfs", "xz"],
  ["squashfs", "lz4"],
  ["erofs", "lz4hc:12"],
  ["ext4", "none"],
];

interface Measured {
  readonly pack: number;
  readonly cpu: number;
  readonly bytes: number;
  readonly all: number;
  readonly random: number;
}

const rounds = Number(process.argv[2] ?? 1);
const folder = await mkdtemp(join(tmpdir(), "bench-formats-"));
const tree = join(folder, "tree");
const mounted = join(folder, "mounted");
try {
  await mkdir(join(tree, "usr/bin"), { recursive: true });
  await mkdir(mounted);
  for (const path of BINARIES) await cp(join(MODULES, path), join(tree, "usr/bin", basename(path)));

  const rows = [["variant", "pack s", "ratio", "cpu s", "MB", "ratio", "read all s", "ratio", "random ms", "ratio"]];
  let reference: Measured | undefined;
  for (const [format, compression, block] of VARIANTS) {
    const measured = await measure(format, compression, block);
    reference ??= measured;
    const row = [`${format} ${compression} ${block ?? ""}`.trim(), ...cells(measured, reference)];
    rows.push(row);
    process.stderr.write(`${row.join("  ")}\n`);
  }
  process.stdout.write(formatTable(rows));
} finally {
  await rm(folder, { recursive: true });
}

async function measure(format: ImageFormat, compression: string, block?: string): Promise<Measured> {
  const image = join(folder, "image.raw");
  const packs: number[] = [];
  const cpus: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = await childSeconds();
    packs.push(await timed(() => pack(format, compression, image, block)));
    cpus.push((await childSeconds()) - before);
  }
  const { size } = await stat(image);
  const all = await onMount(image, async () => {
    for (const path of BINARIES) await readFile(join(mounted, "usr/bin", basename(path)));
  });
  const random = await onMount(image, randomReads);
  await rm(image);
  return { pack: median(packs), cpu: median(cpus), bytes: size, all, random: (random * 1_000) / READS };
}

async function pack(format: ImageFormat, compression: string, image: string, block?: string): Promise<void> {
  if (block === undefined) return packFolder(packerFor(format, compression), tree, image, { epoch: 0 });
  const args = squashfsArgs(parseCompression(format, compression), 0);
  // The last one counts where an option is given twice.
  await run("mksquashfs", [tree, image, ...args, "-b", block]);
}

/** Mounted anew, a file system has nothing in the page cache: what is read is decompressed. */
async function onMount(image: string, perform: () => Promise<void>): Promise<number> {
  await run("mount", ["-o", "loop,ro", image, mounted]);
  try {
    return await timed(perform);
  } finally {
    await run("umount", [mounted]);
  }
}

/** The same offsets for all variants. */
async function randomReads(): Promise<void> {
  await using file = await open(join(mounted, "usr/bin/workerd"));
  const { size } = await file.stat();
  let seed = 1;
  for (let read = 0; read < READS; read++) {
    seed = (seed * 48_271) % 2_147_483_647;
    const page = Math.floor((seed / 2_147_483_647) * (size / 4_096));
    await file.read(Buffer.alloc(4_096), 0, 4_096, page * 4_096);
  }
}

/** proc(5): user and system time of children that have been waited for, in hundredths of a second. */
async function childSeconds(): Promise<number> {
  const fields = (await readFile("/proc/self/stat", "utf8")).replace(/^.*\) /, "").split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function cells({ pack, cpu, bytes, all, random }: Measured, to: Measured): string[] {
  const ratio = (value: number, base: number) => (value / base).toFixed(2);
  return [
    ...[pack.toFixed(1), ratio(pack, to.pack), cpu.toFixed(1)],
    ...[(bytes / 1e6).toFixed(1), ratio(bytes, to.bytes)],
    ...[all.toFixed(2), ratio(all, to.all), random.toFixed(2), ratio(random, to.random)],
  ];
}

async function timed(perform: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await perform();
  return (performance.now() - start) / 1_000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
