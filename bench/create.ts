/**
 * How much longer a bake takes than its packer alone, which is the floor: both on the same tree, in turns, in one run.
 * `./scripts/with-node bench/create.ts [rounds]`
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bake } from "../builder/bake/bake.ts";
import { planBake } from "../builder/bake/plan.ts";
import { Catalog } from "../builder/catalog.ts";
import { formatTable } from "../builder/system/format.ts";
import { progressOn } from "../builder/system/progress.ts";
import { run } from "../builder/system/run.ts";
import { latestVersions, upstreamsFrom } from "../builder/versions/upstreams.ts";

const rounds = Number(process.argv[2] ?? 3);
const kitchen = { upstreams: upstreamsFrom(process.env), progress: progressOn({ write: () => {} }) };
const extension = await new Catalog().load("workerd");
const [version = ""] = await latestVersions(extension.recipe, kitchen.upstreams);
const plan = await planBake(extension, { version, arch: "x86-64" });

const folder = await mkdtemp(join(tmpdir(), "bench-create-"));
try {
  const image = join(folder, "workerd.raw");
  const tree = join(folder, "tree");
  const seconds = { bake: [] as number[], pack: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    seconds.bake.push(await timed(() => bake(plan, image, kitchen)));
    if (round === 0) await run("unsquashfs", ["-no-progress", "-dest", tree, image]);
    seconds.pack.push(await timed(() => run("mksquashfs", [tree, `${image}.alone`, "-noappend", "-all-root"])));
  }
  const [whole, packer] = [median(seconds.bake), median(seconds.pack)];
  const rows = [
    [`workerd ${version}, median of ${rounds}`, "seconds", "ratio"],
    ["mksquashfs alone", packer.toFixed(2), "1.00"],
    ["bake, with its download", whole.toFixed(2), (whole / packer).toFixed(2)],
  ];
  process.stdout.write(formatTable(rows));
} finally {
  await rm(folder, { recursive: true });
}

async function timed(perform: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await perform();
  return (performance.now() - start) / 1_000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
