/** A running qemu: ends with us, whatever we end of, and when it is told to. */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { toolPath } from "../../bake/pack/tool.ts";
import { ToolError } from "../../system/errors.ts";
import { run, startError } from "../../system/run.ts";
import { qemuArguments, qemuProgram, type VirtualMachine } from "./machine.ts";

export interface QemuOptions {
  readonly stdio: StdioOptions;
  /** Ends it; it is gone when the returned promise is settled. */
  readonly signal?: AbortSignal | undefined;
  /** Told of its process once it is there. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** For one that does not end when it is told to. */
const PATIENCE_MS = 5_000;

/** @throws ToolError that names the package if it is not installed */
export async function checkQemu(machine: Pick<VirtualMachine, "arch">): Promise<void> {
  const program = qemuProgram(machine);
  await run(program.command, ["-version"], { env: { PATH: toolPath() }, package: program.package });
}

/**
 * Runs it until it ends, or is ended by `signal`.
 * @throws ToolError if it did not start, or failed without being told to end
 */
export async function runQemu(machine: VirtualMachine, { stdio, signal, onStart }: QemuOptions): Promise<void> {
  signal?.throwIfAborted();
  const { command, package: name } = qemuProgram(machine);
  // Politely, for it may have set up a terminal, and has files to remove.
  const withUs = ["--pdeathsig", "TERM", command, ...qemuArguments(machine)];
  const child = spawn("setpriv", withUs, {
    stdio,
    env: { ...process.env, PATH: toolPath(), LC_ALL: "C" },
    // What a terminal sends to all of its processes is for us to act on; to read from it, qemu must be among them.
    detached: machine.console === "output",
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on("error", (error) => reject(startError("setpriv", error, "util-linux")));
  child.on("close", (code) => resolve(code));
  let impatience: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill();
    impatience = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  };
  signal?.addEventListener("abort", stop, { once: true });
  onStart?.(child);
  try {
    const code = await promise;
    if (code === 0 || signal?.aborted) return;
    if (code === 127) throw startError(command, Object.assign(new Error(), { code: "ENOENT" }), name);
    throw new ToolError(`${command} failed: exit code ${code}`);
  } finally {
    signal?.removeEventListener("abort", stop);
    clearTimeout(impatience);
  }
}
