/** Builds a plan twice, as differently as this machine can, and compares the images. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Arch, imageFile } from "../../schema/index.ts";
import type { Kitchen } from "../bake/bake.ts";
import { inputsOf } from "../bake/inputs.ts";
import type { Plan } from "../bake/plan.ts";
import type { Extension } from "../catalog.ts";
import { measureFile } from "../system/digest.ts";
import { ToolError, UserError } from "../system/errors.ts";
import { run } from "../system/run.ts";
import { withWorkDir } from "../system/work-dir.ts";
import { OTHER_USER, plantElsewhere, type Unvaried, variationsHere } from "./variations.ts";

export interface Reproduced {
  readonly arch: Arch;
  readonly sha256: string;
  /** What was otherwise in the second build. */
  readonly varied: readonly string[];
  readonly unvaried: readonly Unvaried[];
}

export interface Building {
  /** Options of `create`, as they are given on the command line. */
  readonly options: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Where two images go that differ. */
  readonly folder: string;
}

const CLI = fileURLToPath(new URL("../cli.ts", import.meta.url));

/** @throws UserError naming both images, kept, if they differ */
export async function buildTwice(
  extension: Extension,
  plan: Plan,
  { options, env, folder }: Building,
  { progress, downloads, rootfs, signal }: Kitchen,
): Promise<Reproduced> {
  const { varied, unvaried } = await variationsHere(plan, [process.execPath, CLI, join(extension.folder, "recipe.ts")]);
  const create = [process.execPath, CLI, "create", extension.name, plan.version, ...options];
  return withWorkDir(async (work) => {
    const here = join(work, "here");
    await mkdir(here);
    const first = await progress.step(
      "Building here",
      () => build(create, { folder: here, env: { ...process.env, ...env }, signal }),
      ({ sha256 }) => sha256.slice(0, 16),
    );

    const elsewhere = join(work, "some where else, with a longer name");
    for (const name of ["", "tmp", "cache", "home"]) await mkdir(join(elsewhere, name), { recursive: true });
    // What the first one has downloaded: the second one asks nobody.
    await downloads.copyTo(join(elsewhere, "cache"), plan.downloads);
    const { builds } = await inputsOf(plan, rootfs);
    for (const { root } of builds) await root?.copyTo(join(elsewhere, "cache"));
    const other = {
      BAKERY_EXTENSIONS: await plantElsewhere(extension, plan, join(elsewhere, "extensions")),
      BAKERY_CACHE: join(elsewhere, "cache"),
      TMPDIR: join(elsewhere, "tmp"),
      HOME: join(elsewhere, "home"),
      ...Object.assign({}, ...varied.map((one) => one.env)),
    };
    if (varied.some(({ name }) => name === "user")) {
      await run("chmod", ["755", work]);
      await run("chown", ["-R", `${OTHER_USER}:${OTHER_USER}`, elsewhere]);
    }
    const prefix = varied.flatMap((one) => one.prefix ?? []);
    const second = await progress.step(
      "Building elsewhere",
      () =>
        build([...prefix, ...create, "--offline"], {
          folder: elsewhere,
          env: { ...process.env, ...env, ...other },
          signal,
        }),
      ({ sha256 }) => sha256.slice(0, 16),
    );
    if (first.sha256 !== second.sha256) throw await differ(plan, folder, first.path, second.path);
    return { arch: plan.arch, sha256: first.sha256, varied: varied.map(({ name }) => name), unvaried };
  });
}

interface Place {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

async function build([command = "", ...args]: readonly string[], { folder, env, signal }: Place) {
  const path = join(folder, "image.raw");
  try {
    await run(command, [...args, "--output-file", path], { cwd: folder, env, signal });
  } catch (cause) {
    if (!(cause instanceof ToolError)) throw cause;
    throw new ToolError("a build failed", { details: cause.details, cause });
  }
  return { path, sha256: (await measureFile(path)).sha256 };
}

async function differ(plan: Plan, folder: string, first: string, second: string): Promise<UserError> {
  const name = imageFile(plan, plan.arch).replace(/\.raw$/, "");
  const kept = [`${name}.first.raw`, `${name}.second.raw`] as const;
  const [one, other] = await Promise.all([readFile(first), readFile(second)]);
  // Not copied: the second one is another user's, and closed to us where we are not root.
  await writeFile(join(folder, kept[0]), one);
  await writeFile(join(folder, kept[1]), other);
  const at = one.findIndex((byte, index) => byte !== other[index]);
  return new UserError("two builds of the same inputs differ", {
    details: { first: kept[0], second: kept[1], "first differing byte": String(at === -1 ? one.length : at) },
    hint:
      plan.format === "btrfs"
        ? "mkfs.btrfs cannot make the same bytes twice: use another --format"
        : `./bakery diff ${kept[0]} ${kept[1]} shows what of their files`,
  });
}
