/** Runs a recipe's script where it finds a distribution of its own: in a container, or in a tree that is made for it. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Container, Script } from "../../recipe/index.ts";
import { ENVIRONMENT, runIn } from "../../rootfs/enter.ts";
import { removeTree } from "../../rootfs/remove-tree.ts";
import type { ResolvedRootfs } from "../../rootfs/rootfs-maker.ts";
import { UserError } from "../../system/errors.ts";
import { contextOf } from "../context.ts";
import type { Plan } from "../plan.ts";
import { type ContainerRun, engineHere, runByEngine } from "./engine.ts";
import type { Place } from "./perform-builds.ts";
import type { PreparedBuild } from "./prepare-builds.ts";
import { isEmpty, tidy } from "./tidy.ts";
import { fillWorkFolder } from "./work-folder.ts";

/** Where the script finds things, inside. */
const SCRIPT = "/build/script";
const WORK = "/build/work";
const DESTDIR = "/build/root";

/** @throws ToolError with the script's last words if it fails */
export async function runInContainer(build: Container, { root }: PreparedBuild, place: Place): Promise<void> {
  const { plan, fetches, folder, output, progress, env, downloads, signal } = place;
  const work = await fillWorkFolder(join(folder, "work"), { plan, fetches });
  await mkdir(output);
  const { mounts, ...run } = runOf(build.script, root, work, place);
  const wanted: TreeRun = {
    ...run,
    env: { ...run.env, DESTDIR },
    mounts: [...mounts, { from: output, to: DESTDIR, writable: true }],
  };
  const engine = build.rootfs.kind === "oci" ? await engineHere(env) : undefined;
  if (engine !== undefined && build.rootfs.kind === "oci") {
    await runByEngine(engine, build.rootfs.image, { ...wanted, offline: downloads.offline });
  } else {
    const tree = join(folder, "tree");
    try {
      await root?.make(tree, signal);
      const { command, ...options } = wanted;
      await runIn(tree, command, options);
    } finally {
      await removeTree(tree);
    }
  }
  const left = await tidy(output);
  if (left.length > 0) progress.note(`not kept of what ${build.script.file} has installed: ${left.join(", ")}`);
  if (await isEmpty(output)) {
    throw new UserError(`${build.script.file} has installed nothing below $DESTDIR/usr and $DESTDIR/opt`, {
      hint: `install with DESTDIR="$DESTDIR" and a prefix of /usr`,
    });
  }
}

/** Runs a script in a tree, which keeps what it installs there. */
export async function runInTree(
  tree: string,
  script: Script,
  root: ResolvedRootfs | undefined,
  place: Place,
): Promise<void> {
  const { plan, fetches, folder } = place;
  const work = await fillWorkFolder(join(folder, "work"), { plan, fetches });
  const { command, ...options } = runOf(script, root, work, place);
  await runIn(tree, command, { ...options, env: { ...options.env, DESTDIR: "" } });
}

type TreeRun = Omit<ContainerRun, "offline">;

function runOf(
  script: Script,
  root: ResolvedRootfs | undefined,
  work: string,
  { plan, signal }: Pick<Place, "plan" | "signal">,
): TreeRun {
  return {
    arch: plan.arch,
    command: ["sh", SCRIPT],
    cwd: WORK,
    // The same in a container and in a tree.
    env: { ...ENVIRONMENT, ...root?.env, ...variablesFor(plan), ...script.env },
    mounts: [
      { from: join(plan.folder, script.file), to: SCRIPT, writable: false },
      { from: work, to: WORK, writable: true },
    ],
    network: script.network !== undefined,
    signal,
  };
}

function variablesFor(plan: Plan): Record<string, string> {
  const { version, bareVersion, tag, arch, goArch, unameArch } = contextOf(plan);
  return {
    VERSION: version,
    BARE_VERSION: bareVersion,
    TAG: tag,
    ARCH: arch,
    GO_ARCH: goArch,
    UNAME_ARCH: unameArch,
    SOURCE_DATE_EPOCH: String(plan.epoch),
  };
}
