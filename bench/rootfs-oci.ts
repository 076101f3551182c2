/**
 * Pulls a Debian tree in four layers out of a registry on this machine, beside what people do with public tools: curl
 * for each layer and `tar -x` of it, and skopeo to a folder and `tar -x`. In turns, in one run; needs docker-registry,
 * skopeo, and root for owners. `./scripts/with-node bench/rootfs-oci.ts [rounds]`
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { makeDebianTree } from "../builder/rootfs/debian/debian.ts";
import { formatTable } from "../builder/system/format.ts";
import { run } from "../builder/system/run.ts";
import { ociImage } from "../test/support/oci-image.ts";
import { Registry } from "../test/support/registry.ts";

const rounds = Number(process.argv[2] ?? 3);
const SUITE = "trixie";
/** A layer each, from the lowest: the base, and what people add to one. */
const LAYERS = [["perl", "openssl", "ca-certificates"], ["python3"], ["git"], ["vim", "nginx-light"]];
const COMPRESSIONS = ["gzip", "zstd"] as const;
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** As `./bakery` starts Node. */
const FLAGS = [
  "--max-semi-space-size=1",
  "--no-incremental-marking",
  `--import=${pathToFileURL(here("builder/peak.ts")).href}`,
];

interface Cost {
  readonly wall: number;
  readonly cpu: number;
  /** MiB of the Node process; undefined of what has none. */
  readonly peak?: number;
}

const folder = await mkdtemp(join(tmpdir(), "bench-rootfs-"));
const out = join(folder, "out");
try {
  const tars = await layers();
  await using registry = await Registry.open();
  for (const compression of COMPRESSIONS) {
    const name = `debian:${compression}`;
    const image = ociImage({ layers: tars, compression: tars.map(() => compression) });
    await registry.push(image, name);
    const urls = image.layers.map(({ digest }) => `http://${registry.host}/v2/debian/blobs/${digest}`);
    const bytes = image.layers.reduce((sum, { size }) => sum + size, 0);
    const rows = await inTurns(compression, {
      "curl, then tar -x, layer by layer": () =>
        shell([...urls.map(download), ...urls.map((_, at) => untar(`${at}.layer`))]),
      "curl | tar -x, layer by layer": () => shell(urls.map((url) => `curl -fsS ${url} | ${untar(compression)}`)),
      "skopeo copy to dir:, then tar -x": () =>
        shell([skopeo(registry, name), ...image.layers.map(({ digest }) => untar(`dir/${digest.slice(7)}`))]),
      "tar -x alone, of what was downloaded": () =>
        shell(
          urls.map((_, at) => untar(join(folder, `kept-${at}`))),
          () => keep(urls),
        ),
      pull: () => pull(registry, name),
      "pull, of what was downloaded": () => pull(registry, name, false),
    });
    const size = `${compression}: ${(bytes / 1e6).toFixed(0)} MB, ${(tars.reduce((sum, tar) => sum + tar.length, 0) / 1e6).toFixed(0)} MB unpacked`;
    process.stdout.write(`${formatTable([[size, "wall s", "ratio", "cpu s", "ratio", "node MiB"], ...rows])}\n`);
  }
} finally {
  await rm(folder, { recursive: true });
}

/** What each group of packages adds to those before, as tar has it: what a layer is. */
async function layers(): Promise<Buffer[]> {
  const tars: Buffer[] = [];
  let before: readonly string[] = [];
  for (const at of LAYERS.keys()) {
    const packages = LAYERS.slice(0, at + 1).flat();
    const tree = join(folder, "tree");
    const spec = { suite: SUITE, arch: "x86-64", packages, state: "unpacked" } as const;
    await makeDebianTree(spec, tree, { cache: join(folder, "cache"), env: process.env });
    const all = (await run("find", [".", "-mindepth", "1"], { cwd: tree })).trimEnd().split("\n").sort();
    const known = new Set(before);
    const list = join(folder, "added");
    await writeFile(list, all.filter((path) => !known.has(path)).join("\n"));
    const tar = join(folder, "layer.tar");
    await run("tar", ["--no-recursion", "-cf", tar, "-T", list], { cwd: tree });
    tars.push(await readFile(tar));
    await rm(tree, { recursive: true });
    before = all;
  }
  return tars;
}

async function inTurns(
  compression: string,
  contestants: Readonly<Record<string, () => Promise<Cost>>>,
): Promise<string[][]> {
  const all: Record<string, Cost[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, perform] of Object.entries(contestants)) {
      const one = await perform();
      all[name] = [...(all[name] ?? []), one];
      process.stderr.write(`${compression}: ${name}: ${one.wall.toFixed(2)} s\n`);
    }
  }
  const costs = Object.entries(all).map(([name, list]) => [name, best(list)] as const);
  const [, base] = costs[0] ?? [];
  return costs.map(([name, { wall, cpu, peak }]) => {
    const times = [wall.toFixed(2), ratio(wall, base?.wall), cpu.toFixed(2), ratio(cpu, base?.cpu)];
    return [name, ...times, peak?.toFixed(0) ?? ""];
  });
}

async function pull(registry: Registry, name: string, anew = true): Promise<Cost> {
  if (anew) await rm(join(folder, "cache"), { recursive: true, force: true });
  await rm(out, { recursive: true, force: true });
  const env = { BAKERY_CACHE: join(folder, "cache"), PEAK_FILE: join(folder, "peak") };
  return cost(process.execPath, [...FLAGS, here("rootfs/pull.ts"), `${registry.host}/${name}`, out], env);
}

async function shell(lines: readonly string[], prepare = async () => {}): Promise<Cost> {
  await prepare();
  await rm(out, { recursive: true, force: true });
  await mkdir(out);
  await rm(join(folder, "peak"), { force: true });
  return cost("sh", ["-c", ["set -eu", `cd ${folder}`, "rm -rf dir *.layer", ...lines].join("\n")]);
}

/** With its digest, as one would see to it by hand. */
function download(url: string, at: number): string {
  return `curl -fsS -o ${at}.layer ${url} && echo "${url.slice(-64)}  ${at}.layer" | sha256sum -c --quiet`;
}

function skopeo({ host }: Registry, name: string): string {
  return `skopeo --insecure-policy copy --quiet --src-tls-verify=false docker://${host}/${name} dir:dir`;
}

/** Of a file, tar finds out by itself how it is compressed; of a pipe it has to be told. */
function untar(file: string): string {
  return file === "gzip" || file === "zstd" ? `tar -x -C ${out} --${file} -f -` : `tar -x -C ${out} -f ${file}`;
}

async function keep(urls: readonly string[]): Promise<void> {
  for (const [at, url] of urls.entries()) await run("curl", ["-fsS", "-o", join(folder, `kept-${at}`), url]);
}

async function cost(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<Cost> {
  // What was written before is not this one's to wait for.
  await run("sync", []);
  const before = await childSeconds();
  const start = performance.now();
  await run(command, args, { env });
  const wall = (performance.now() - start) / 1_000;
  const cpu = (await childSeconds()) - before;
  const peak = Number(await readFile(join(folder, "peak"), "utf8").catch(() => "NaN")) / 1024;
  return { wall, cpu, ...(Number.isFinite(peak) && { peak }) };
}

/** proc(5): user and system time of children that have been waited for, in hundredths of a second. */
async function childSeconds(): Promise<number> {
  const fields = (await readFile("/proc/self/stat", "utf8")).replace(/^.*\) /, "").split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** The best: whatever else a machine does makes it slower, and nothing makes it faster. */
function best(costs: readonly Cost[]): Cost {
  const least = (of: (cost: Cost) => number) => Math.min(...costs.map(of));
  const peaks = costs.flatMap(({ peak }) => peak ?? []);
  return {
    wall: least(({ wall }) => wall),
    cpu: least(({ cpu }) => cpu),
    ...(peaks.length > 0 && { peak: Math.max(...peaks) }),
  };
}

function ratio(value: number, base = Number.NaN): string {
  return (value / base).toFixed(2);
}
