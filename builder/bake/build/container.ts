/** Runs a recipe's script where it finds a distribution of its own: in a container, or in a tree that is made for it. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Container } from "../../recipe/index.ts";
import { runIn } from "../../rootfs/enter.ts";
import { removeTree } from "../../rootfs/remove-tree.ts";
import { UserError } from "../../system/errors.ts";
import { contextOf, type Plan } from "../plan.ts";
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
export async function runInContainer(
  build: Container,
  { root }: PreparedBuild,
  { plan, fetches, folder, output, progress, env, signal }: Place,
): Promise<void> {
  const work = await fillWorkFolder(join(folder, "work"), { plan, fetches });
  await mkdir(output);
  const wanted: ContainerRun = {
    arch: plan.arch,
    command: ["sh", SCRIPT],
    cwd: WORK,
    env: { ...variablesFor(plan), ...build.env },
    mounts: [
      { from: join(plan.folder, build.script), to: SCRIPT, writable: false },
      { from: work, to: WORK, writable: true },
      { from: output, to: DESTDIR, writable: true },
    ],
    network: build.network !== undefined,
    signal,
  };
  const engine = build.rootfs.kind === "oci" ? await engineHere(env) : undefined;
  if (engine !== undefined && build.rootfs.kind === "oci") await runByEngine(engine, build.rootfs.image, wanted);
  else {
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
  if (left.length > 0) progress.note(`not kept of what ${build.script} has installed: ${left.join(", ")}`);
  if (await isEmpty(output)) {
    throw new UserError(`${build.script} has installed nothing below $DESTDIR/usr and $DESTDIR/opt`, {
      hint: `install with DESTDIR="$DESTDIR" and a prefix of /usr`,
    });
  }
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
    DESTDIR,
    SOURCE_DATE_EPOCH: String(plan.epoch),
  };
}
