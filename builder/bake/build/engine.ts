/** docker and podman, where one of them works here. */
import { type Arch, GO_ARCH } from "../../../schema/index.ts";
import type { TreeMount } from "../../rootfs/enter.ts";
import { HOSTNAME } from "../../rootfs/isolation.ts";
import { UsageError } from "../../system/errors.ts";
import { OWNER } from "../../system/owner.ts";
import { run } from "../../system/run.ts";

export type Engine = "docker" | "podman";

export interface ContainerRun {
  readonly arch: Arch;
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly TreeMount[];
  /** Whether it sees the machine's network. */
  readonly network: boolean;
  /** The engine is to ask no registry. */
  readonly offline: boolean;
  readonly signal: AbortSignal;
}

/** Milliseconds. */
const ANSWERS_WITHIN = 10_000;
const ENGINES: readonly Engine[] = ["docker", "podman"];
let started = 0;

/**
 * @param env `BAKERY_CONTAINERS`: `docker`, `podman`, or `none` for trees of our own; default: the first one that works
 * @returns undefined for none
 */
export async function engineHere({ BAKERY_CONTAINERS: wanted = "" }: NodeJS.ProcessEnv): Promise<Engine | undefined> {
  if (wanted === "none") return undefined;
  const named = ENGINES.find((engine) => engine === wanted);
  if (wanted !== "" && named === undefined) {
    throw new UsageError(`BAKERY_CONTAINERS is docker, podman or none, not ${wanted}`);
  }
  for (const engine of named === undefined ? ENGINES : []) {
    // A client without its daemon is installed on many machines, and may wait for one that is elsewhere.
    const works = await run(engine, ["info"], { signal: AbortSignal.timeout(ANSWERS_WITHIN) }).then(
      () => true,
      () => false,
    );
    if (works) return engine;
  }
  return named;
}

/** @throws ToolError with the last words of what ran, or of the engine */
export async function runByEngine(engine: Engine, image: string, wanted: ContainerRun): Promise<void> {
  started += 1;
  const name = `sysext-bakery-${OWNER.replace(/[^A-Za-z0-9]/g, "-")}-${started}`;
  try {
    // Any other signal it would pass on to the script, to heed it or not.
    await run(engine, engineArgs(engine, name, image, wanted), { signal: wanted.signal, killSignal: "SIGKILL" });
  } finally {
    // Without its client the container goes on. Nothing is there to be removed if all went well.
    await run(engine, ["rm", "--force", "--volumes", name]).catch(() => {});
  }
}

/** docker-run(1) and podman-run(1) understand these alike. */
export function engineArgs(engine: Engine, name: string, image: string, wanted: ContainerRun): string[] {
  const { arch, command, cwd, env, mounts, network, offline } = wanted;
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  // docker's root is the machine's: what it makes would not be ours to remove.
  const ours = mounts.filter(({ writable }) => writable).map(({ to }) => to);
  const giveBack = `"$@"; status=$?; chown -R ${uid}:${gid} ${ours.join(" ")}; exit $status`;
  const words = engine === "docker" && uid !== 0 ? ["sh", "-c", giveBack, "sh", ...command] : command;
  return [
    "run",
    "--rm",
    ...["--name", name],
    ...["--platform", `linux/${GO_ARCH[arch]}`],
    ...(offline ? ["--pull", "never"] : []),
    ...(network ? [] : ["--network", "none"]),
    // As in a tree of our own, whatever the image was made for.
    ...["--entrypoint", "", "--user", "0:0", "--hostname", HOSTNAME],
    // At once, when it is to be removed: nobody would heed a polite signal.
    ...["--stop-timeout", "0"],
    // Where SELinux would keep it from our folders: they are for it alone.
    ...["--security-opt", "label=disable"],
    ...Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    ...mounts.flatMap(({ from, to, writable }) => ["--volume", `${from}:${to}${writable ? "" : ":ro"}`]),
    ...["--workdir", cwd],
    image,
    ...words,
  ];
}
