/** Writes a new extension: all of it, or nothing. */
import { chmod, lstat, mkdir, realpath, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { ARCHES, type Arch } from "../../schema/index.ts";
import { describePlan } from "../bake/describe-plan.ts";
import { planBake } from "../bake/plan.ts";
import { EXTENSIONS_FOLDER, loadExtension } from "../catalog.ts";
import { UsageError } from "../system/errors.ts";
import { stageFolder } from "../system/staged-folder.ts";
import { writeText } from "../system/work-dir.ts";
import { readmeText, scriptText, unitText, upstreamText } from "./file-templates.ts";
import { recipeText, unitPath } from "./recipe-template.ts";
import { RECORDED_PLANS, recordedPlanFile } from "./recorded-plan.ts";
import { FIRST_VERSION, type Spec } from "./spec.ts";

const DOOR = fileURLToPath(new URL("../recipe/index.ts", import.meta.url));

/** Where an extension and its plans go. */
export interface Place {
  readonly extensions: string;
  /** Undefined where no test of ours looks. */
  readonly plans: string | undefined;
}

interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly executable?: boolean;
}

/** @throws UsageError for a folder that is not there */
export async function placeOf(folder: string): Promise<Place> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new UsageError(`no such folder: ${folder}`, { hint: "BAKERY_EXTENSIONS names a folder of recipes" });
  }
  // Node looks for what a recipe imports from where the recipe really is.
  const extensions = await realpath(folder);
  return { extensions, plans: extensions === EXTENSIONS_FOLDER ? RECORDED_PLANS : undefined };
}

/** @returns what was written */
export async function scaffold(spec: Spec, { extensions, plans }: Place): Promise<string[]> {
  const folder = join(extensions, spec.name);
  const files = filesOf(spec, doorFrom(folder));
  const records = plans === undefined ? [] : recordsOf(spec, plans);
  for (const path of [folder, ...records.map((record) => record.path)]) await refuseExisting(path);

  // Complete when its neighbours see it; a recipe that cannot be planned never appears.
  const fill = async (staging: string) => {
    for (const file of files) await write(staging, file);
    const extension = await loadExtension(spec.name, staging);
    const planned = async (arch: Arch) => describePlan(await planBake(extension, { version: FIRST_VERSION, arch }));
    const texts = records.map(async ({ arch, path }) => ({
      path,
      text: arch === undefined ? upstreamText(spec) : await planned(arch),
    }));
    const result = await Promise.all(texts);
    await chmod(staging, 0o755);
    return { path: staging, result };
  };
  const recorded = await stageFolder(folder, fill);
  try {
    for (const { path, text } of recorded) await writeText(path, text);
  } catch (error) {
    for (const path of [folder, ...records.map((record) => record.path)])
      await rm(path, { recursive: true, force: true });
    throw error;
  }
  return [...files.map(({ path }) => join(folder, path)), ...records.map(({ path }) => path)];
}

/** What tests hold it against: its plans, and of a download what upstream publishes. */
function recordsOf(spec: Spec, plans: string): { readonly path: string; readonly arch?: Arch }[] {
  const release = { extension: spec.name, version: FIRST_VERSION };
  const upstream = { path: join(plans, "../upstreams", `${spec.name}.txt`) };
  return [
    ...ARCHES.map((arch) => ({ arch, path: join(plans, recordedPlanFile(release, arch)) })),
    ...(spec.repository === undefined ? [] : [upstream]),
  ];
}

function filesOf(spec: Spec, door: string): NewFile[] {
  const { name, repository, service } = spec;
  return [
    { path: "recipe.ts", text: recipeText(spec, door) },
    { path: "README.md", text: readmeText(spec) },
    ...(repository === undefined ? [{ path: `files/usr/bin/${name}`, text: scriptText(spec), executable: true }] : []),
    ...(service ? [{ path: `files/${unitPath(name)}`, text: unitText(spec) }] : []),
  ];
}

/** A specifier is a URL: these characters would end its path, or be taken for an escape. */
function doorFrom(folder: string): string {
  return relative(folder, DOOR)
    .split(sep)
    .join("/")
    .replace(/[%?#\\]/g, encodeURIComponent);
}

async function write(folder: string, { path, text, executable = false }: NewFile): Promise<void> {
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text, { mode: executable ? 0o755 : 0o644 });
}

/** Also a symlink that leads nowhere. */
async function refuseExisting(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  throw new UsageError(`${path} is there already`, { hint: "take another name, or remove it first" });
}
