/** Runs programs: arguments as a list, never through a shell; output kept; failures as errors that say which and why. */
import { spawn } from "node:child_process";
import { errorCode, ToolError } from "./errors.ts";

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment; undefined takes a variable out of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/** How much of a program's output an error repeats. */
const LINES_KEPT = 8;

/**
 * @returns what the program printed on stdout
 * @throws ToolError if it is not there, was ended by a signal or exited with anything but 0
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { cwd, env = {}, signal } = options;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C", ...env },
    ...(cwd !== undefined && { cwd }),
    ...(signal !== undefined && { signal }),
  });

  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.on("error", (error) => {
    if (child.pid === undefined || !signal?.aborted) reject(startError(command, error));
  });
  child.on("exit", () => {
    // Told to end, it is waited for: until it is gone it may write to what our caller is about to remove.
    if (signal?.aborted) reject(signal.reason);
  });
  child.on("close", (code, ended) => {
    if (code === 0) return resolve(Buffer.concat(stdout).toString());
    const output = Buffer.concat(stderr.length > 0 ? stderr : stdout).toString();
    reject(exitError(command, args, code === null ? `ended by ${ended}` : `exit code ${code}`, output));
  });
  return promise;
}

function startError(command: string, error: Error): ToolError {
  if (errorCode(error) !== "ENOENT") return new ToolError(`${command} could not be started`, { cause: error });
  return new ToolError(`${command} is not installed`, { hint: "npm start and npm test install what is missing" });
}

function exitError(command: string, args: readonly string[], how: string, output: string): ToolError {
  const lines = output.trimEnd().split("\n").slice(-LINES_KEPT).join("\n");
  const hint = /no space left/i.test(output) ? "free some space, or set TMPDIR to a larger disk" : undefined;
  return new ToolError(`${command} failed: ${how}`, {
    details: { command: [command, ...args].join(" "), output: lines },
    ...(hint !== undefined && { hint }),
  });
}
