/** One shell that commands are given one after another, as a reader types them: what one sets, the next one has. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Execution } from "../execute.ts";

/** The first command that fails ends the shell, and is named. */
const STRICT = `set -Eeo pipefail; trap 'echo "failed: $BASH_COMMAND" >&2' ERR\n`;

export interface SessionOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What ends in a bash, perhaps somewhere else; the folder `exchange` has to be there too. */
  readonly command?: (exchange: string) => readonly [string, ...string[]];
}

export class ShellSession implements AsyncDisposable {
  readonly #exchange: string;
  readonly #shell: ChildProcess;
  readonly #ended: Promise<number | null>;
  #said = "";
  #complained = "";
  #heard = () => {};
  #count = 0;

  private constructor(exchange: string, { cwd, env, command = () => ["bash"] }: SessionOptions) {
    this.#exchange = exchange;
    const [program, ...args] = command(exchange);
    this.#shell = spawn(program, args, {
      env: { ...process.env, LC_ALL: "C", ...env },
      ...(cwd !== undefined && { cwd }),
    });
    this.#shell.stdout?.on("data", (text: Buffer) => {
      this.#said += text;
      this.#heard();
    });
    this.#shell.stderr?.on("data", (text: Buffer) => {
      this.#complained += text;
    });
    // It may have ended when it is told something.
    this.#shell.stdin?.on("error", () => {});
    this.#ended = new Promise((resolve, reject) => {
      this.#shell.once("error", reject);
      this.#shell.once("close", resolve);
    });
    this.#shell.stdin?.write(STRICT);
  }

  static async open(options: SessionOptions = {}): Promise<ShellSession> {
    return new ShellSession(await mkdtemp(join(tmpdir(), "session-")), options);
  }

  /** Runs commands to their end, or to the first that fails: that ends the session, and its code is the answer's. */
  async run(commands: string): Promise<Execution> {
    const file = join(this.#exchange, `${++this.#count}`);
    const done = `done ${this.#count}\n`;
    await writeFile(file, commands);
    const finished = new Promise<number>((resolve) => {
      this.#heard = () => this.#said.endsWith(done) && resolve(0);
    });
    // In this very shell, or nothing of it would stay; what reads its input is not to read the next commands.
    this.#shell.stdin?.write(`. ${file} </dev/null >${file}.out 2>${file}.err\nprintf '${done.trim()}\\n'\n`);
    const exitCode = await Promise.race([finished, this.#ended]);
    const read = (name: string) => readFile(`${file}.${name}`, "utf8").catch(() => "");
    return { exitCode, stdout: await read("out"), stderr: (await read("err")) + this.#complained };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shell.stdin?.end();
    await this.#ended;
    await rm(this.#exchange, { recursive: true });
  }
}
