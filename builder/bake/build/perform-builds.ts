/** Performs builds: each makes a tree in a folder of its own, which is then a layer of the image. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Flatwrap, Flix } from "../../recipe/index.ts";
import { removeTree } from "../../rootfs/remove-tree.ts";
import type { ResolvedRootfs } from "../../rootfs/rootfs-maker.ts";
import { run } from "../../system/run.ts";
import { flatwrap } from "../../wrap/flatwrap.ts";
import { flix } from "../../wrap/flix.ts";
import type { Kitchen } from "../bake.ts";
import { contextOf } from "../context.ts";
import type { Fetch } from "../fetch/fetch.ts";
import type { Plan } from "../plan.ts";
import type { Entries } from "../root/entry.ts";
import type { Layer } from "../root/layers.ts";
import { runInContainer, runInTree } from "./container.ts";
import { entriesOfOutput } from "./output.ts";
import { nameOfRootfs } from "./plan-builds.ts";
import type { PreparedBuild } from "./prepare-builds.ts";
import { fillWorkFolder } from "./work-folder.ts";

export interface Building extends Pick<Kitchen, "progress" | "env" | "downloads"> {
  readonly plan: Plan;
  readonly fetches: readonly Fetch[];
  /** An empty folder; all that is made is in there. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** Where one of them is at work. */
export interface Place extends Building {
  /** Its own. */
  readonly folder: string;
  /** What is made there is shipped. It is not there yet. */
  readonly output: string;
}

export interface Builds {
  /** The last one on top, as downloads are. */
  readonly layers: readonly Layer[];
  /** When nothing is at work any more that began here. */
  readonly done: Promise<undefined>;
}

export function startBuilds(builds: readonly PreparedBuild[], building: Building): Builds {
  const outputs = builds.map((prepared, at) => perform(prepared, join(building.scratch, `build-${at}`), building));
  const done = Promise.all(outputs).then(() => undefined);
  // Whoever reads the layers is told.
  done.catch(() => {});
  const layers = builds.map(({ build }, at) => ({
    name: nameOf(build),
    entries: afterwards(outputs[at]),
    isEdited: true,
  }));
  return { layers: layers.reverse(), done };
}

async function* afterwards(output: Promise<string> | undefined): Entries {
  if (output !== undefined) yield* entriesOfOutput(await output);
}

/** @returns the folder with what was made */
async function perform(prepared: PreparedBuild, folder: string, building: Building): Promise<string> {
  const { build } = prepared;
  const { progress, signal } = building;
  const output = join(folder, "output");
  await mkdir(folder);
  await progress.step(
    `Building with ${nameOf(build)}`,
    async () => {
      signal.throwIfAborted();
      switch (build.kind) {
        case "flix":
        case "flatwrap":
          return wrap(build, prepared.root, { ...building, folder, output });
        case "container":
          return runInContainer(build, prepared, { ...building, folder, output });
        case "code": {
          const work = await fillWorkFolder(join(folder, "work"), building);
          await mkdir(output);
          const runHere = (command: string, ...args: string[]) => run(command, args, { cwd: work, signal });
          return build.perform({ ...contextOf(building.plan), root: output, work, run: runHere });
        }
      }
    },
    () => "",
  );
  return output;
}

async function wrap(build: Flix | Flatwrap, root: ResolvedRootfs | undefined, place: Place): Promise<void> {
  const { plan, signal, folder, output, progress } = place;
  const tree = join(folder, "tree");
  await root?.make(tree, signal);
  if (build.kind === "flix" && build.script !== undefined) await runInTree(tree, build.script, root, place);
  const { extension: name, arch } = plan;
  const request = { tree, name, paths: build.paths, signal };
  const { warnings } =
    build.kind === "flix"
      ? await flix({ ...request, arch, extraLibraries: build.extraLibraries }, output)
      : await flatwrap(
          { ...request, etc: build.etc, var: build.var, home: build.home, setuid: setuidIn(plan) },
          output,
        );
  for (const warning of warnings) progress.note(`warning: ${warning}`);
  // Not kept until the image is made: it may be as large as a distribution.
  await removeTree(tree);
}

/** What a recipe declares is named by its path in the image; what of it is in a wrapped tree, has one there. */
function setuidIn({ extension, setuid }: Plan): string[] {
  const home = `usr/local/${extension}/`;
  return setuid.filter((path) => path.startsWith(home)).map((path) => path.slice(home.length));
}

function nameOf(build: PreparedBuild["build"]): string {
  return build.kind === "code" ? "the recipe's code" : `${build.kind}, ${nameOfRootfs(build.rootfs)}`;
}
