/** Runs programs: arguments as a list, never through a shell; output kept; failures as errors that say which and why. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { errorCode, ToolError } from "./errors.ts";
import { saysFull } from "./no-space.ts";
import { pump } from "./pump.ts";

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment; undefined takes a variable out of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** How the program is ended when `signal` says so; default: SIGTERM. */
  readonly killSignal?: NodeJS.Signals;
  /** Told what it prints, both ways, as it comes. */
  readonly onOutput?: ((piece: Buffer) => void) | undefined;
  /** What the program reads on stdin; default: nothing. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** What new files do not get; default: this process's. */
  readonly umask?: number;
  /** Debian's package that has it, for those who do not. */
  readonly package?: string;
}

/** How much of a program's output an error repeats. */
const LINES_KEPT = 8;
/** How many pieces of what a program says are remembered, the last ones. */
const CHUNKS_KEPT = 256;
const STOPPED_READING = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"]);

/**
 * @returns what the program printed on stdout
 * @throws ToolError if it is not there, was ended by a signal or exited with anything but 0; and what `input` throws
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const program = new Program(command, args, options);
  const stdout: Buffer[] = [];
  program.child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  await program.succeed(() => Buffer.concat(stdout).toString());
  return Buffer.concat(stdout).toString();
}

/** What a program makes of a stream, as it makes it. Throws as `run` does, at the end. */
export async function* throughProgram(
  command: string,
  args: readonly string[],
  input: AsyncIterable<Uint8Array>,
  options: Omit<RunOptions, "input"> = {},
): AsyncGenerator<Uint8Array> {
  const unwanted = new AbortController();
  const signal = options.signal === undefined ? unwanted.signal : AbortSignal.any([options.signal, unwanted.signal]);
  const program = new Program(command, args, { ...options, input, signal });
  try {
    yield* program.child.stdout;
    await program.succeed();
  } finally {
    unwanted.abort();
  }
}

interface Exit {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

class Program {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #line: readonly string[];
  readonly #exit: Promise<Exit>;
  readonly #stderr: Buffer[] = [];
  #inputError: unknown;

  constructor(command: string, args: readonly string[], options: RunOptions) {
    const { cwd, env = {}, signal, killSignal, onOutput, input, umask, package: name } = options;
    const { promise, resolve, reject } = Promise.withResolvers<Exit>();
    this.#line = [command, ...args];
    this.#exit = promise;
    // Whoever asks is told; until then nobody may be waiting.
    promise.catch(() => {});
    // Node has a umask for itself alone.
    const masked = ["sh", "-c", `umask ${umask?.toString(8)} && exec "$@"`, "sh", ...this.#line];
    const [program = "", ...words] = umask === undefined ? this.#line : masked;
    this.child = spawn(program, words, {
      env: { ...process.env, LC_ALL: "C", ...env },
      ...(cwd !== undefined && { cwd }),
      ...(signal !== undefined && { signal }),
      ...(killSignal !== undefined && { killSignal }),
    });
    if (onOutput !== undefined) for (const way of [this.child.stdout, this.child.stderr]) way.on("data", onOutput);
    this.child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr.push(chunk);
      if (this.#stderr.length > CHUNKS_KEPT) this.#stderr.shift();
    });
    this.child.on("error", (error) => {
      if (this.child.pid === undefined || !signal?.aborted) reject(startError(command, error, name));
    });
    this.child.on("exit", () => {
      // Told to end, it is waited for: until it is gone it may write to what our caller is about to remove.
      if (signal?.aborted) reject(signal.reason);
    });
    this.child.on("close", (code, ended) => resolve({ code, signal: ended }));
    this.#feed(input);
  }

  /** @param stdout what it printed there, for an error of a program that says nothing on stderr */
  async succeed(stdout = () => ""): Promise<void> {
    const { code, signal } = await this.#exit;
    if (this.#inputError !== undefined) throw this.#inputError;
    if (code === 0) return;
    const output = this.#stderr.length > 0 ? Buffer.concat(this.#stderr).toString() : stdout();
    throw exitError(this.#line, code === null ? `ended by ${signal}` : `exit code ${code}`, output);
  }

  #feed(input: AsyncIterable<Uint8Array> | undefined): void {
    const { stdin } = this.child;
    if (input === undefined) {
      // A program that could not be started has closed it already.
      stdin.on("error", () => {});
      stdin.end();
      return;
    }
    // Told by `pump` too.
    stdin.on("error", () => {});
    pump(input, stdin).catch((error: unknown) => {
      // A program that stops reading says itself why.
      if (STOPPED_READING.has(errorCode(error) ?? "")) return;
      this.#inputError = error;
      this.child.kill();
    });
  }
}

/** @param name Debian's package that has the command, with what else is to be said of it */
export function startError(command: string, error: Error, name: string | undefined): ToolError {
  if (errorCode(error) !== "ENOENT") return new ToolError(`${command} could not be started`, { cause: error });
  const hint =
    name === undefined ? "npm start and npm test install what is missing" : `install Debian's package ${name}`;
  return new ToolError(`${command} is not installed`, { hint });
}

function exitError(line: readonly string[], how: string, output: string): ToolError {
  const lines = output.trimEnd().split("\n").slice(-LINES_KEPT).join("\n");
  // Where, it does not always say.
  const hint = saysFull(output) ? "free some space where it writes; for temporary files set TMPDIR" : undefined;
  return new ToolError(`${line[0]} failed: ${how}`, {
    details: { command: line.join(" "), output: lines },
    ...(hint !== undefined && { hint }),
  });
}
