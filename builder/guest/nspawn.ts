/**
 * Guests in systemd-nspawn: a second or two to boot, on the machine's own kernel. Needs root and loop devices.
 *
 * All of it lives in namespaces that end with one process, which ends with ours: unshare(1), setpriv(1). So there is
 * nothing to be cleaned up but the name of a control group, whatever happens.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmod, copyFile, mkdir, open, writeFile } from "node:fs/promises";
import { platform } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Tool, toolPath, versionOf } from "../bake/pack/tool.ts";
import { rootMessage, ToolError } from "../system/errors.ts";
import { run, startError } from "../system/run.ts";
import { withWorkDir } from "../system/work-dir.ts";
import { plainText } from "./console.ts";
import type { GuestFile, GuestJob, GuestRunner, RunGuestOptions } from "./guest.ts";
import { jobFiles, jobResult, notDone, START_JOB } from "./job.ts";
import { offerPorts } from "./ports.ts";

export interface NspawnOptions {
  /** What all files that the guest writes may need, as mount(8) takes it for a tmpfs: `512M`. Default: half of the memory. */
  readonly size?: string;
}

const SCRIPT = fileURLToPath(new URL("nspawn.sh", import.meta.url));

const NSPAWN: Tool = {
  command: "systemd-nspawn",
  versionArgs: ["--version"],
  pattern: /^systemd (?<version>\d+)/,
  package: "systemd-container",
};

export function nspawnRunner({ size = "50%" }: NspawnOptions = {}): GuestRunner {
  return {
    name: "systemd-nspawn",
    hostAddress: "127.0.0.1",
    unavailable,
    async run(job, options = {}) {
      return withWorkDir(async (work) => {
        await stage(work, job);
        await using _ports = await offerPorts(join(work, "ports"), job.ports ?? []);
        const name = `sysext-bakery-${randomUUID()}-${process.pid}`;
        try {
          const console = await boot(["boot", job.tree, work, name, size, START_JOB], job, options);
          return await jobResult(join(work, "job"), console);
        } finally {
          await run("unshare", ["--mount", "sh", SCRIPT, "remove", name], { env: { PATH: toolPath() } });
        }
      });
    },
  };
}

async function unavailable(): Promise<string | undefined> {
  if (platform() !== "linux") return "it needs Linux";
  if (process.getuid?.() !== 0) return "it needs root";
  try {
    await versionOf(NSPAWN);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return `${error.message}: ${error.hint ?? ""}`;
  }
  const loops = await open("/dev/loop-control").catch((error: unknown) => error);
  if (loops instanceof Error) return `it needs loop devices: ${loops.message}`;
  await (loops as Awaited<ReturnType<typeof open>>).close();
  return run("unshare", ["--mount", "--pid", "--fork", "--mount-proc", "sh", SCRIPT, "probe"], {
    env: { PATH: toolPath() },
  }).then(
    () => undefined,
    (error) =>
      `it needs the right to mount: ${(error instanceof ToolError && error.details.output) || rootMessage(error)}`,
  );
}

/** What nspawn.sh takes to the guest. */
async function stage(work: string, job: GuestJob): Promise<void> {
  for (const name of ["files", "job", "ports", "rig"]) await mkdir(join(work, name));
  for (const file of jobFiles(job, { end: "exit-force", ports: job.ports })) await put(join(work, "files"), file);
}

async function put(folder: string, { path, content, mode = 0o644 }: GuestFile): Promise<void> {
  const to = join(folder, path);
  await mkdir(dirname(to), { recursive: true });
  if (typeof content === "string") await writeFile(to, content);
  else await copyFile(content.file, to);
  await chmod(to, mode);
}

/** @returns what it said */
async function boot(args: readonly string[], job: GuestJob, options: RunGuestOptions): Promise<string> {
  const { signal, onConsole = () => {} } = options;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const inNamespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...inNamespaces, "sh", SCRIPT, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: toolPath(), LC_ALL: "C" },
    // What a terminal sends to all of its processes is for us to act on.
    detached: true,
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said.push(text);
      onConsole(plainText(text));
    });
  }
  child.on("error", (error) => reject(startError("setpriv", error, "util-linux")));
  child.on("close", () => resolve());

  // unshare ignores what is politer.
  const end = () => child.kill("SIGKILL");
  const overtime = AbortSignal.timeout(job.timeout * 1_000);
  const ending = signal === undefined ? overtime : AbortSignal.any([signal, overtime]);
  ending.addEventListener("abort", end, { once: true });
  try {
    await promise;
  } finally {
    ending.removeEventListener("abort", end);
  }
  signal?.throwIfAborted();
  const console = plainText(said.join(""));
  if (overtime.aborted) throw notDone(job, console);
  return console;
}
